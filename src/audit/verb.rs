//! What can be asked for, in one word each.

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Have a person type a field's value.
    AskValue,
    /// Attach a file to an item.
    AttachFile,
    /// See whether references would resolve.
    CheckReferences,
    /// Take a field's value over into another item.
    Copy,
    /// Make an environment.
    CreateEnvironment,
    /// Make an item.
    CreateItem,
    /// Make a vault.
    CreateVault,
    /// Delete an environment.
    DeleteEnvironment,
    /// Archive or delete an item.
    DeleteItem,
    /// Delete a vault.
    DeleteVault,
    /// Change a vault's name or description.
    EditVault,
    /// Get values in the clear, to take them away.
    Export,
    /// Take in values from elsewhere.
    Import,
    /// Fill a template with values.
    Inject,
    /// List environments.
    ListEnvironments,
    /// List items.
    ListItems,
    /// See which variables an environment has.
    ListVariables,
    /// List vaults.
    ListVaults,
    /// Change policy, agents or tokens.
    ManageAccess,
    /// Read the activity log.
    ReadActivity,
    /// Read what a started program printed.
    ReadCommand,
    /// Read an item's metadata.
    ReadItem,
    /// Read a server's state, log or measurements.
    ReadServer,
    /// Give an environment another name.
    RenameEnvironment,
    /// Ask for a right.
    RequestAccess,
    /// Bring an archived item back.
    RestoreItem,
    /// Get a value in the clear.
    Reveal,
    /// Run a program.
    Run,
    /// Write an item's file to disk.
    SaveFile,
    /// Set or remove an environment's variables.
    SetVariables,
    /// Be let in with a token.
    SignIn,
    /// End a started program.
    StopCommand,
    /// Type a field's value that an agent asked for.
    TypeValue,
    /// Something that a newer hushkey recorded.
    Unknown,
    /// Change an item.
    UpdateItem,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 35] = [
        Self::AskValue,
        Self::AttachFile,
        Self::CheckReferences,
        Self::Copy,
        Self::CreateEnvironment,
        Self::CreateItem,
        Self::CreateVault,
        Self::DeleteEnvironment,
        Self::DeleteItem,
        Self::DeleteVault,
        Self::EditVault,
        Self::Export,
        Self::Import,
        Self::Inject,
        Self::ListEnvironments,
        Self::ListItems,
        Self::ListVariables,
        Self::ListVaults,
        Self::ManageAccess,
        Self::ReadActivity,
        Self::ReadCommand,
        Self::ReadItem,
        Self::ReadServer,
        Self::RenameEnvironment,
        Self::RequestAccess,
        Self::RestoreItem,
        Self::Reveal,
        Self::Run,
        Self::SaveFile,
        Self::SetVariables,
        Self::SignIn,
        Self::StopCommand,
        Self::TypeValue,
        Self::Unknown,
        Self::UpdateItem,
    ];

    /// The verb as one word, for lists: `create_item`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AskValue => "ask_value",
            Self::AttachFile => "attach_file",
            Self::CheckReferences => "check_references",
            Self::Copy => "copy",
            Self::CreateEnvironment => "create_environment",
            Self::CreateItem => "create_item",
            Self::CreateVault => "create_vault",
            Self::DeleteEnvironment => "delete_environment",
            Self::DeleteItem => "delete_item",
            Self::DeleteVault => "delete_vault",
            Self::EditVault => "edit_vault",
            Self::Export => "export",
            Self::Import => "import",
            Self::Inject => "inject",
            Self::ListEnvironments => "list_environments",
            Self::ListItems => "list_items",
            Self::ListVariables => "list_variables",
            Self::ListVaults => "list_vaults",
            Self::ManageAccess => "manage_access",
            Self::ReadActivity => "list_activity",
            Self::ReadCommand => "read_command",
            Self::ReadItem => "get_item",
            Self::ReadServer => "read_server",
            Self::RenameEnvironment => "rename_environment",
            Self::RequestAccess => "request_access",
            Self::RestoreItem => "restore_item",
            Self::Reveal => "reveal",
            Self::Run => "run_command",
            Self::SaveFile => "save_file",
            Self::SetVariables => "set_variables",
            Self::SignIn => "sign_in",
            Self::StopCommand => "stop_command",
            Self::TypeValue => "type_value",
            Self::Unknown => "unknown",
            Self::UpdateItem => "update_item",
        }
    }

    /// Reads the word; one that a newer hushkey wrote is [`Verb::Unknown`].
    #[must_use]
    pub fn read(word: &str) -> Self {
        let known = Self::ALL.iter().find(|verb| verb.as_str() == word);
        known.copied().unwrap_or(Self::Unknown)
    }

    /// Tells whether the deed may change the store.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::AttachFile
                | Self::CreateEnvironment
                | Self::CreateItem
                | Self::CreateVault
                | Self::DeleteEnvironment
                | Self::DeleteItem
                | Self::DeleteVault
                | Self::EditVault
                | Self::Import
                | Self::RenameEnvironment
                | Self::RestoreItem
                | Self::SetVariables
                | Self::TypeValue
                | Self::UpdateItem
        )
    }
}
