//! Variables that are never taken from an agent, whatever a rule says, and those that a rule has to name.
//!
//! Each of them makes some program load code, start another program, read another configuration, or send its traffic
//! elsewhere: whoever sets one decides what an allowed program does. That holds for variables that carry a
//! secret as well, since an agent can have a secret made from a file of its own choosing.
//!
//! The list is a net: it has what common loaders, shells, interpreters, build tools and clients read. A rule that
//! has to be certain names the variables that it allows (`env = ["PGHOST"]`) in place of `*`.

use crate::policy::glob::covers;

/// Why a variable is not simply taken from an agent; ends the sentence "`NAME` …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Only where the rule's `env` has its very name, not just a pattern that covers it.
    ByName(&'static str),
    /// Never.
    Never(&'static str),
}

/// A kind of variables, and why they are refused.
struct Family {
    why: &'static str,
    /// Names, sorted; `*` stands for any characters.
    names: &'static str,
}

/// The refused families. A name is compared letter by letter here.
const REFUSED: &[Family] = &[
    Family {
        why: "makes programs load other code",
        names: "
            DYLD_* GCONV_PATH GETCONF_DIR GIO_* GLIBC_TUNABLES GST_* GTK*_MODULES GTK_PATH LD_* LIBMYSQL_*
            LIBRARY_PATH LOCPATH MALLOC_* NLSPATH OPENSSL_* QML* QT_* TERMCAP TERMINFO* TERMPATH TZDIR",
    },
    Family {
        why: "decides which programs are found, or where their homes and temporary files are",
        names: "
            HOME OLDPWD PATH PWD SHELL TEMP TEMPDIR TMP TMPDIR TMPPREFIX XDG_*",
    },
    Family {
        why: "changes what a shell does",
        names: "
            BASHOPTS BASH_* CDPATH ENV FPATH FUNCNEST GLOBIGNORE HISTFILE IFS INPUTRC KSH_* PROMPT_COMMAND PS0
            PS1 PS2 PS3 PS4 SHELLOPTS ZDOTDIR",
    },
    Family {
        why: "makes an interpreter load or run other code",
        names: "
            BABEL_* BUN_CONFIG_* BUN_INSTALL* BUN_OPTIONS CLASSPATH COMPLUS_* CORECLR_* DENO_DIR
            DENO_TLS_CA_STORE DOTNET_* ELECTRON_* ELIXIR_ERL_OPTIONS ERL_* ESBUILD_BINARY_PATH GEM_HOME
            GEM_PATH GUILE_* JAVA_HOME JAVA_OPTS JAVA_TOOL_OPTIONS JDK_* JRE_HOME JULIA_* LUA_* MONO_*
            NODE_EXTRA_CA_CERTS NODE_OPTIONS NODE_PATH NODE_REPL_* NODE_TLS_REJECT_UNAUTHORIZED OCAMLRUNPARAM
            PERL5* PERLLIB PERL_* PHPRC PHP_INI_SCAN_DIR PYTHON* RUBY* R_ENVIRON* R_HOME R_LIBS* R_PROFILE*
            TCLLIBPATH TCL_LIBRARY TS_NODE_* VIRTUAL_ENV _JAVA_OPTIONS",
    },
    Family {
        why: "makes a build tool or package manager load, fetch or run other code",
        names: "
            ANT_OPTS AR AS BUNDLE_* CARGO* CC CFLAGS CMAKE_* COMPOSER_* CONDA_* CONFIG_SITE COREPACK_* CPATH
            CPP CPPFLAGS CXX CXXFLAGS C_INCLUDE_PATH GNUMAKEFLAGS GOBIN GODEBUG GOENV GOFLAGS GOINSECURE
            GONOPROXY GONOSUMDB GOPATH GOPROXY GOROOT GOSUMDB GOTOOL* GOVCS GRADLE_OPTS GRADLE_USER_HOME LD
            LDFLAGS MAKEFILES MAKEFLAGS MAVEN_ARGS MAVEN_CONFIG MAVEN_HOME MAVEN_OPTS MFLAGS MIX_* NINJAFLAGS
            NVM_* PIPX_* PIP_* PKG_CONFIG* PNPM_HOME POETRY_* PYENV_* RBENV_* RUSTC* RUSTDOC* RUSTFLAGS
            RUSTUP_* SBT_OPTS UV_* YARN_*",
    },
    Family {
        why: "makes git or another version control run other programs or read another configuration",
        names: "
            CVS_* GIT_* HG* SVN_*",
    },
    Family {
        why: "names a program that is started on the way",
        names: "
            *ASKPASS *EDITOR *PAGER *_RSH BROWSER FCEDIT LESS* MANOPT MORE MOST_* NULLCMD READNULLCMD RSYNC_*
            SSH_ASKPASS* SSH_AUTH_SOCK SSH_SK_* SUDO_* SYSTEMD_* VISUAL",
    },
    Family {
        why: "sends traffic elsewhere, or makes a foreign server trusted",
        names: "
            *_CA_BUNDLE *_CA_FILE CURL_HOME DBUS_* DISPLAY HOSTALIASES LOCALDOMAIN NIS_PATH REQUESTS_*
            RES_OPTIONS SSLKEYLOGFILE SSL_CERT_* WAYLAND_DISPLAY WGETRC XAUTHORITY",
    },
    Family {
        why: "belongs to hushkey and to 1Password",
        names: "
            HUSHKEY_* OP_*",
    },
];

/// Families whose names programs read in any case; written in upper case here.
const REFUSED_IN_ANY_CASE: &[Family] = &[
    Family {
        why: "sends traffic elsewhere, or makes a foreign server trusted",
        names: "
            *_PROXY",
    },
    Family {
        why: "makes a build tool or package manager load, fetch or run other code",
        names: "
            NPM_CONFIG_* PNPM_CONFIG_*",
    },
];

/// A credential often *is* such a file, so that a rule may allow one by its name.
const BY_NAME: &[Family] = &[
    Family {
        why: "gives a client another configuration, which can run programs or name other servers",
        names: "
            ANSIBLE_* AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE CLOUDSDK_CONFIG CLOUDSDK_PYTHON*
            DOCKER_CERT_PATH DOCKER_CONFIG DOCKER_CONTEXT DOCKER_HOST GH_CONFIG_DIR GNUPGHOME HELM_*
            KUBECONFIG MYSQL_HOME NETRC PGSERVICEFILE PGSYSCONFDIR PSQLRC TF_CLI_* TF_DATA_DIR TF_PLUGIN_*",
    },
];

/// Members of refused families that only hold a credential or a person's name.
const HARMLESS: &str = "
    BUNDLE_GITHUB__COM BUNDLE_RUBYGEMS__ORG BUNDLE_RUBYGEMS__PKG__GITHUB__COM CARGO_REGISTRIES_*_TOKEN
    CARGO_REGISTRY_TOKEN COMPOSER_AUTH GIT_AUTHOR_DATE GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME GIT_COMMITTER_DATE
    GIT_COMMITTER_EMAIL GIT_COMMITTER_NAME GIT_PASSWORD GIT_TOKEN GIT_USERNAME POETRY_HTTP_BASIC_*_PASSWORD
    POETRY_HTTP_BASIC_*_USERNAME POETRY_PYPI_TOKEN_* UV_INDEX_*_PASSWORD UV_INDEX_*_USERNAME
    UV_PUBLISH_PASSWORD UV_PUBLISH_TOKEN UV_PUBLISH_USERNAME YARN_NPM_AUTH_TOKEN";

/// Tells what stands against taking a variable from an agent; `None` if a rule's pattern may allow it. A name that is
/// no name (letters, digits and `_`, no digit first) is never taken.
#[must_use]
pub fn caution(name: &str) -> Option<Caution> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if name.is_empty() || !letters || name.as_bytes()[0].is_ascii_digit() {
        return Some(Caution::Never("is not a variable's name"));
    }
    if any_covers(HARMLESS, name) {
        return None;
    }
    why(REFUSED, name)
        .or_else(|| why(REFUSED_IN_ANY_CASE, &name.to_ascii_uppercase()))
        .map(Caution::Never)
        .or_else(|| why(BY_NAME, name).map(Caution::ByName))
}

fn why(families: &[Family], name: &str) -> Option<&'static str> {
    families
        .iter()
        .find(|family| any_covers(family.names, name))
        .map(|family| family.why)
}

fn any_covers(patterns: &str, name: &str) -> bool {
    patterns
        .split_whitespace()
        .any(|pattern| covers(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loader_shell_and_interpreter_variables_are_refused() {
        for name in "
            LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES PATH BASH_ENV ENV SHELLOPTS BASHOPTS PS4
            PROMPT_COMMAND IFS NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS PYTHONPATH PYTHONSTARTUP PERL5LIB
            PERL5OPT PERLLIB RUBYOPT RUBYLIB JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH
            GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_CONFIG GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 HTTP_PROXY
            https_proxy All_Proxy HUSHKEY_HOME OP_CONNECT_TOKEN TMPDIR HOME GCONV_PATH LOCPATH NLSPATH
            TERMINFO LESSOPEN PAGER GIT_PAGER EDITOR VISUAL BROWSER SSL_CERT_FILE CURL_CA_BUNDLE
            REQUESTS_CA_BUNDLE SSH_ASKPASS SUDO_ASKPASS RUSTC_WRAPPER CARGO_HOME
            CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER npm_config_script_shell NPM_CONFIG_PREFIX MAKEFLAGS
            GLIBC_TUNABLES ZDOTDIR OPENSSL_CONF SSLKEYLOGFILE PSQL_EDITOR GOFLAGS
            UV_PYTHON SYSTEMD_PAGER CARGO_REGISTRIES_X_CREDENTIAL_PROVIDER"
        .split_whitespace()
        {
            assert!(matches!(caution(name), Some(Caution::Never(_))), "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            "A=B",
            "BASH_FUNC_ls%%",
            "1A",
            "A B",
            "A\0",
            "Ä",
            "A\nLD_PRELOAD",
        ] {
            assert!(matches!(caution(name), Some(Caution::Never(_))), "{name:?}");
        }
    }

    #[test]
    fn a_clients_configuration_is_taken_only_by_name() {
        for name in "KUBECONFIG AWS_CONFIG_FILE DOCKER_HOST NETRC".split_whitespace() {
            assert!(matches!(caution(name), Some(Caution::ByName(_))), "{name}");
        }
    }

    #[test]
    fn the_variables_that_credentials_usually_come_in_are_not_refused() {
        for name in "
            AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN CARGO_REGISTRY_TOKEN
            CARGO_REGISTRIES_INTERNAL_TOKEN CLOUDFLARE_API_TOKEN DATABASE_URL DEBUG DOCKER_PASSWORD GH_TOKEN
            GITHUB_TOKEN GITLAB_TOKEN GOOGLE_APPLICATION_CREDENTIALS GPG_PASSPHRASE MYSQL_PWD NODE_AUTH_TOKEN
            NODE_ENV NPM_TOKEN OPENAI_API_KEY PGHOST PGPASSWORD PGPASSFILE PORT POSTGRES_PASSWORD REDIS_URL
            RUST_LOG SENTRY_AUTH_TOKEN STRIPE_SECRET_KEY TF_VAR_db_password TWINE_PASSWORD UV_PUBLISH_TOKEN
            VAULT_TOKEN environment CI TZ LANG LC_ALL TERM"
        .split_whitespace()
        {
            assert_eq!(caution(name), None, "{name}");
        }
    }

    #[test]
    fn the_lists_are_sorted_and_their_exceptions_are_needed() {
        for family in REFUSED.iter().chain(REFUSED_IN_ANY_CASE).chain(BY_NAME) {
            assert!(
                family.names.split_whitespace().is_sorted(),
                "{}",
                family.names
            );
        }
        assert!(HARMLESS.split_whitespace().is_sorted());
        for pattern in HARMLESS.split_whitespace() {
            let member = pattern.replace('*', "X");
            assert!(
                why(REFUSED, &member).is_some(),
                "{pattern} is in no refused family"
            );
        }
    }
}
