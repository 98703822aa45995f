//! Programs that print, hide and hand on what they got, and programs that do not get that far.

use serde_json::json;

use super::Driver;

/// Prints all that it has, in the forms that are promised to be found, and keeps what it got for the test. Of what is no
/// secret, a user name and a host, fragments are not promised.
const PRINTS_ALL: &str = r#"
    for name in PASSWORD USER_NAME SEED NOTE CREDENTIAL HOST PEM ODD; do
        value=$(printenv "$name")
        printf '%s\n' "$value"; printf '%s\n' "$value" >&2
        printf '%s' "$value" | base64 -w0; echo; printf 'x%s' "$value" | base64 -w0; echo; printf 'xy%s' "$value" | base64 -w0; echo
        printf '%s' "$value" | od -An -v -tx1 | tr -d ' \n'; echo; printf '%s' "$value" | rev; echo
        case $name in USER_NAME|HOST) ;; *) printf '%s' "$value" | cut -c3-40 ;; esac
    done
    env; cat "$KEY_FILE"; cat
    printf '%s' "$PASSWORD" >got; printf '%s' "$ODD" >>got; cat "$KEY_FILE" >>got
"#;

impl Driver<'_> {
    pub(super) fn runs(&mut self) {
        let got = self.ground.program.work.join("got");
        for output in ["full", "tail", "summary", "none"] {
            let mut run = self.run(&["sh", "-c", PRINTS_ALL]);
            run["output"] = json!(output);

            let answer = self.done("run_command", run);

            let canaries = &self.ground.canaries;
            let expected = [
                canaries.password.as_str(),
                &canaries.odd,
                &canaries.pem_text(),
            ]
            .concat();
            assert_eq!(
                std::fs::read_to_string(&got).unwrap(),
                expected,
                "the program did not get its values"
            );
            std::fs::remove_file(&got).unwrap();
            assert!(
                output != "full" || answer["stdout"].as_str().unwrap().contains("<concealed:"),
                "{answer}"
            );
        }
        let mut slow = json!({ "name": "run_command", "arguments": self.run(&["sh", "-c", "printenv PASSWORD; sleep 2.2; printenv ODD; exit 9"]) });
        slow["_meta"] = json!({ "progressToken": "token" });
        self.asked("tools/call", slow);
    }

    pub(super) fn runs_that_fail(&mut self) {
        let program = &self.ground.program;
        let interpreter = program.file("bad-interpreter", "#!/nowhere/interpreter\n");
        let data = program.file("data", "no program\n");
        for (path, mode) in [(&interpreter, 0o755), (&data, 0o644)] {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
                .unwrap();
        }
        let pasted = self.ground.canaries.pasted.clone();
        for command in [
            &["no-such-program", &pasted][..],
            &["./bad-interpreter", &pasted],
            &["./data", &pasted],
            &["./missing", &pasted],
            &["true", "a\0b"],
            &["/proc/self/exe", &pasted],
            &[""],
        ] {
            let run = self.run(command);
            self.refused("run_command", run);
        }
        for (member, value) in [
            ("cwd", json!("missing")),
            ("cwd", json!("/root")),
            ("cwd", json!("token.txt")),
            ("env_file", json!("missing.env")),
            ("env_file", json!("/etc/shadow")),
            ("stdin", json!(&pasted)),
            ("stdin", json!("op://Dev/Portal/no such field")),
            ("files", json!({ "F": &pasted })),
            ("files", json!({ "a/b": "op://Dev/Portal/password" })),
            ("env", json!({ &pasted[..]: { "x": 1 } })),
            ("env", json!({ format!("{pasted}="): "x" })),
            ("env", json!({ "A": format!("op://{pasted}") })),
            (
                "env",
                json!({ "A": format!("op://Dev/Portal/password?attribute={pasted}") }),
            ),
            ("env", json!({ "A": "op://Dev/Portal/password/x/y/z" })),
            ("env", json!({ "A": "op://Dev/Twin/password" })),
            ("env", json!({ "LD_PRELOAD": "op://Dev/Portal/password" })),
            ("env", json!({ "BASH_ENV": &pasted })),
            ("timeout_seconds", json!(&pasted)),
            ("output", json!(&pasted)),
        ] {
            let mut run = self.run(&["true"]);
            run[member] = value;
            self.refused("run_command", run);
        }
        program.file(
            "broken.env",
            &format!(
                "A={0}\nB=\"{0}\nC=$(echo {0})\n",
                self.ground.canaries.dotenv
            ),
        );
        let mut run = self.run(&["true"]);
        run["env_file"] = json!("broken.env");
        self.refused("run_command", run);
        self.refused("check_references", json!({ "env_file": "broken.env" }));

        let mut killed = self.run(&["sh", "-c", "printenv PASSWORD ODD; kill -9 $$"]);
        killed["timeout_seconds"] = json!(20);
        self.done("run_command", killed);
        let mut late = self.run(&["sh", "-c", "printenv PASSWORD ODD; sleep 30"]);
        late["timeout_seconds"] = json!(1);
        let answer = self.done("run_command", late);
        assert_eq!(answer["timed_out"], true);
        let run = self.run(&["sh", "-c", "printenv PASSWORD ODD; sleep 30"]);
        let id = self.session.send_call("run_command", run);
        self.session.notify(
            "notifications/cancelled",
            json!({ "requestId": id, "reason": pasted }),
        );
    }
}
