// A full cycle of 1Password's JavaScript SDK, unchanged, against hushkey's Connect API.
// Usage: in the environment of connect_served.py, in a directory with the package: connect_sdk.mjs
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { ItemBuilder, OnePasswordConnect } = createRequire(`${process.cwd()}/`)("@1password/connect");
const env = process.env;
const serverURL = env.CONNECT_URL;
const vault = env.CONNECT_VAULT;
const client = (token) => OnePasswordConnect({ serverURL, token, keepAlive: true });
const [both, reader, writer] = [env.CONNECT_TOKEN, env.CONNECT_READER, env.CONNECT_WRITER].map(client);

const newItem = (title) =>
    new ItemBuilder()
        .setTitle(title)
        .setCategory("LOGIN")
        .addTag("interop")
        .addTag("javascript")
        .addField({ label: "username", purpose: "USERNAME", value: "ann" })
        .addField({
            label: "password",
            purpose: "PASSWORD",
            generate: true,
            recipe: { length: 24, characterSets: ["LETTERS", "DIGITS"] },
        })
        .addSection("Keys")
        .addField({ label: "token", type: "CONCEALED", value: "t0ken-é✓", sectionName: "Keys" })
        .addField({ label: "code", type: "OTP", value: "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP" })
        .build();

const refused = async (status, call) => {
    const error = await call().then(
        () => assert.fail("it was not refused"),
        (error) => error,
    );
    assert.equal(error.status, status, JSON.stringify(error));
    assert.equal(typeof error.message, "string");
};
const labelled = (item, label) => item.fields.find((field) => field.label === label);

// By id and by name.
assert.deepEqual((await both.listVaults()).map((it) => it.id), [vault], "only the vault in scope is listed");
assert.equal((await both.getVault(vault)).name, "Dev");
assert.equal((await both.getVaultByTitle("Dev")).id, vault);
assert.equal((await both.listVaultsByTitle("Dev")).length, 1);

const made = await both.createItem(vault, newItem("JavaScript"));
assert.equal(made.version, 1);
assert.match(labelled(made, "password").value, /^[0-9A-Za-z]{24}$/);
assert.ok(labelled(made, "password").entropy > 64);
assert.match(await both.getItemOTP(vault, made.id), /^\d{6}$/);
const section = made.sections.find((it) => it.label === "Keys");
assert.equal(labelled(made, "token").section.id, section.id);

assert.equal((await both.getItem(vault, "JavaScript")).id, made.id);
assert.equal((await both.getItemById(vault, made.id)).id, made.id);
assert.equal(labelled(await both.getItemByTitle(vault, "JavaScript"), "token").value, "t0ken-é✓");
assert.ok((await both.listItems(vault)).some((it) => it.id === made.id));
assert.deepEqual((await both.listItemsByTitle(vault, "JavaScript")).map((it) => it.id), [made.id]);
assert.ok((await both.listItemsByTitleContains(vault, "aSc")).some((it) => it.id === made.id));

made.title = "JavaScript, renamed";
labelled(made, "token").value = "rotated";
await both.updateItem(vault, made);
const again = await both.getItem(vault, made.id);
assert.equal(again.title, "JavaScript, renamed");
assert.equal(again.version, 2);
assert.equal(labelled(again, "token").value, "rotated");
assert.equal(labelled(again, "password").value, labelled(made, "password").value);

// The SDK has no call for a patch.
const patched = await fetch(`${serverURL}/v1/vaults/${vault}/items/${made.id}`, {
    method: "PATCH",
    headers: { Authorization: `Bearer ${env.CONNECT_TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify([{ op: "replace", path: `/fields/${labelled(again, "token").id}/value`, value: "patched" }]),
});
assert.equal(patched.status, 200);
assert.equal(labelled(await patched.json(), "token").value, "patched");

const [file] = await both.listFiles("Dev", env.CONNECT_ITEM);
assert.equal(file.name, "note.txt");
assert.equal((await both.getFileById("Dev", env.CONNECT_ITEM, file.id)).size, env.CONNECT_FILE.length);
assert.equal(await both.getFileContent("Dev", env.CONNECT_ITEM, file.id), env.CONNECT_FILE);
let streamed = "";
for await (const piece of await both.getFileContentStream("Dev", env.CONNECT_ITEM, file.id)) streamed += piece;
assert.equal(streamed, env.CONNECT_FILE);

// To read only, to write only, and not at all.
assert.equal(labelled(await reader.getItem(vault, made.id), "token").value, "patched");
await refused(403, () => reader.createItem(vault, newItem("never")));
await refused(403, () => reader.deleteItem(vault, made.id));
await refused(403, () => writer.getItemById(vault, made.id));
const blind = await writer.createItem(vault, newItem("JavaScript, blind"));
assert.ok(blind.id && (blind.fields ?? []).every((it) => !it.value && !it.entropy && !it.otp));
await writer.deleteItemById(vault, blind.id);
await refused(403, () => both.getVaultById(env.CONNECT_ELSEWHERE));
await refused(403, () => both.listItems(env.CONNECT_ELSEWHERE));

await both.deleteItem(vault, made.id);
await refused(404, () => both.getItemById(vault, made.id));
await refused(401, () => client("nobody's").listVaults());
console.log("JavaScript: a full cycle");
