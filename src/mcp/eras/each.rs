//! Both eras over a transport that keeps them apart itself: HTTP, where sessions are of the older one.

#![expect(
    deprecated,
    reason = "sessions of the older versions have methods that the newest one has dropped"
)]

use std::borrow::Cow;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
        DiscoverResult, GetPromptRequestParams, GetPromptResponse, InitializeRequestParams,
        InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
        ListToolsResult, MetaObject, PaginatedRequestParams, ProtocolVersion,
        ReadResourceRequestParams, ReadResourceResponse, ServerConfig, SetLevelRequestParams,
        SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};

use super::{introduce, is_modern, survived};

/// A server for a transport that keeps the eras apart itself: its results say who answered all the same, and a panic is
/// answered. What it serves is not its matter, so that the protocol's own suite can be run on other tools.
#[derive(Clone)]
pub(in crate::mcp) struct EachEra<S>(pub(in crate::mcp) S);

async fn told<T>(
    modern: bool,
    meta: impl FnOnce(&mut T) -> Option<&mut Option<MetaObject>>,
    work: impl Future<Output = Result<T, ErrorData>>,
) -> Result<T, ErrorData> {
    let mut result = survived(work).await?;
    if modern && let Some(meta) = meta(&mut result) {
        introduce(meta);
    }
    Ok(result)
}

impl<S: ServerHandler> ServerHandler for EachEra<S> {
    fn get_info(&self) -> ServerConfig {
        ServerHandler::get_info(&self.0)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.get_tool(name)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.0.initialize(request, context).await
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        self.0.discover(context).await
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.set_level(request, context).await
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.subscribe(request, context).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.0.unsubscribe(request, context).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        self.0.accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.0.listen(context).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.0.on_initialized(context).await;
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let modern = is_modern(&context);
        let work = self.0.list_tools(request, context);
        told(modern, |it| Some(&mut it.meta), work).await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        fn meta(it: &mut CallToolResponse) -> Option<&mut Option<MetaObject>> {
            match it {
                CallToolResponse::Complete(it) => Some(&mut it.meta),
                CallToolResponse::InputRequired(it) => Some(&mut it.meta),
                _ => None,
            }
        }
        let modern = is_modern(&context);
        told(modern, meta, self.0.call_tool(request, context)).await
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let modern = is_modern(&context);
        let work = self.0.list_prompts(request, context);
        told(modern, |it| Some(&mut it.meta), work).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        fn meta(it: &mut GetPromptResponse) -> Option<&mut Option<MetaObject>> {
            match it {
                GetPromptResponse::Complete(it) => Some(&mut it.meta),
                GetPromptResponse::InputRequired(it) => Some(&mut it.meta),
                _ => None,
            }
        }
        let modern = is_modern(&context);
        told(modern, meta, self.0.get_prompt(request, context)).await
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let modern = is_modern(&context);
        let work = self.0.list_resources(request, context);
        told(modern, |it| Some(&mut it.meta), work).await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let modern = is_modern(&context);
        let work = self.0.list_resource_templates(request, context);
        told(modern, |it| Some(&mut it.meta), work).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        fn meta(it: &mut ReadResourceResponse) -> Option<&mut Option<MetaObject>> {
            match it {
                ReadResourceResponse::Complete(it) => Some(&mut it.meta),
                ReadResourceResponse::InputRequired(it) => Some(&mut it.meta),
                _ => None,
            }
        }
        let modern = is_modern(&context);
        told(modern, meta, self.0.read_resource(request, context)).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let modern = is_modern(&context);
        let work = self.0.complete(request, context);
        told(modern, |it| Some(&mut it.meta), work).await
    }
}
