//! What a tool says when it could not do what was asked.
//!
//! The model gets one sentence; what lies behind it goes to the operator's log and nowhere else.

use rmcp::{
    ErrorData,
    handler::server::tool::IntoCallToolResult,
    model::{CallToolResponse, CallToolResult, ContentBlock},
};

use super::arguments::ArgumentError;
use crate::{broker::BrokerError, display_text::escaped};

/// Characters of a sentence: what a caller named is part of it, and may be as long as it likes.
const LONGEST: usize = 2000;

/// Why a tool did not do what was asked. Every message may be shown to a model.
#[derive(Debug, thiserror::Error)]
pub(super) enum ToolError {
    /// The arguments do not fit.
    #[error(transparent)]
    Argument(#[from] ArgumentError),

    /// The broker did not do it.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl ToolError {
    /// The sentence for the model; writes the causes to the operator's log.
    pub(super) fn told(&self) -> String {
        let mut told = escaped(&self.to_string());
        if let Some((end, _)) = told.char_indices().nth(LONGEST) {
            told.truncate(end);
            told.push('…');
        }
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            tracing::warn!(target: "hushkey", cause = %error, "{told}");
            cause = error.source();
        }
        told
    }
}

impl IntoCallToolResult for ToolError {
    fn into_call_tool_result(self) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::error(vec![ContentBlock::text(self.told())]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_however_long_a_name_is() {
        let error = BrokerError::Invalid("ö".repeat(1_000_000));

        let told = ToolError::from(error).told();

        assert_eq!(told.chars().count(), LONGEST + 1);
    }
}
