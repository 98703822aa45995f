//! What is refused, and arguments that are wrong.

use serde_json::json;

use super::Driver;

impl Driver<'_> {
    pub(super) fn tools_that_refuse(&mut self) {
        let pasted = self.ground.canaries.pasted.clone();
        for tool in ["get_item", "delete_item"] {
            self.refused(tool, json!({ "item": "Nothing" }));
            self.refused(tool, json!({ "item": "Twin" }));
            self.refused(tool, json!({ "item": "Portal", "vault": "Nowhere" }));
        }
        self.done(
            "list_items",
            json!({ "query": pasted, "category": "LOGIN", "tag": pasted }),
        );
        self.refused("list_items", json!({ "cursor": pasted }));
        self.refused("list_activity", json!({ "since": pasted }));
        self.done(
            "check_references",
            json!({ "references": [pasted, "op://Dev/Twin/password", "op://No/No/no"] }),
        );
        for variable in [
            json!({ "name": "API_TOKEN", "text": pasted }),
            json!({ "name": "A", "reference": pasted }),
            json!({ "name": "A", "reference": format!("op://{pasted}") }),
            json!({ "name": "A", "copy": pasted }),
            json!({ "name": "A", "command": ["cat", pasted] }),
            json!({ "name": "A", "generate": {}, "text": pasted }),
        ] {
            let set = json!({ "environment": "canaries", "set": [variable], "vault": "Dev" });
            self.refused("set_variables", set);
        }
        for source in [
            json!({ "text": pasted, "type": "CONCEALED" }),
            json!({ "text": pasted, "generate": {} }),
            json!({ "copy": pasted }),
            json!({ "copy": format!("op://{pasted}") }),
            json!({ "copy": "op://Dev/Twin/password" }),
            json!({ "copy": "op://Dev/Portal/password", "type": "STRING" }),
            json!({ "file": "missing" }),
            json!({ "file": "." }),
            json!({ "file": self.ground.program.home.join("key") }),
            json!({ "command": ["no-such-program", pasted] }),
            json!({ "command": ["sh", "-c", "cat printed.txt; cat printed.txt >&2; exit 3", pasted] }),
            json!({ "command": ["sh", "-c", "cat printed.txt; printf '\\377'", pasted] }),
            json!({ "command": ["true"] }),
            json!({ "ask": true, "text": pasted }),
            json!({ "generate": { "kind": pasted } }),
            json!({ "generate": { "length": pasted } }),
            json!({ "generate": { "length": 4, "exclude_characters": pasted } }),
            json!({ "generate": {}, "type": pasted }),
            json!({ "generate": {}, "purpose": pasted }),
        ] {
            let mut field = source.clone();
            field["label"] = json!("secret");
            self.refused(
                "create_item",
                json!({ "vault": "Dev", "title": "Refused", "fields": [field] }),
            );
            self.refused("update_item", json!({ "item": "Portal", "add": [field] }));
            if source.get("type").is_none() && source.get("purpose").is_none() {
                let mut set = source;
                set["field"] = json!("password");
                self.refused("update_item", json!({ "item": "Portal", "set": [set] }));
            }
        }
        self.refused(
            "update_item",
            json!({ "item": "Portal", "version": 99, "title": "x" }),
        );
        self.refused(
            "update_item",
            json!({ "item": "Portal", "remove": ["no such field"] }),
        );
        self.refused(
            "create_item",
            json!({ "vault": "Nowhere", "title": "x", "fields": [] }),
        );
        self.refused(
            "create_item",
            json!({ "vault": "Dev", "title": "x", "category": pasted, "fields": [] }),
        );
        self.refused(&pasted, json!({ "item": pasted }));
    }

    /// A value where another type belongs, as an unknown member, and in place of all arguments.
    pub(super) fn wrong_arguments(&mut self) {
        let pasted = self.ground.canaries.pasted.clone();
        let tools = self.asked("tools/list", json!({}))["result"]["tools"].clone();
        for tool in tools.as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            self.refused(name, json!(pasted));
            self.refused(name, json!([pasted]));
            self.refused(name, json!({ &pasted[..]: pasted }));
            self.refused(name, json!({ "surprise": { &pasted[..]: [pasted] } }));
            for (member, schema) in tool["inputSchema"]["properties"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let wrong = if schema["type"] == "string" {
                    json!([{ &pasted[..]: pasted }])
                } else {
                    json!(pasted)
                };
                self.refused(name, json!({ member: wrong }));
            }
        }
    }
}
