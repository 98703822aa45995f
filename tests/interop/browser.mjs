// What a person sees and does in a browser: typing a value that an agent asked for, and the owner's page.
// Usage: node browser.mjs HUSHKEY DIRECTORY     (screenshots go to the directory)

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const [, , hushkey, artefacts] = process.argv;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const CANARY = "canary-7Q2 ö+&=% \"never\" shown";
const base = mkdtempSync(join(tmpdir(), "hushkey-browser-"));
const home = join(base, "home");
const work = join(base, "work");
mkdirSync(work);
const env = { PATH: "/usr/bin:/bin", HUSHKEY_HOME: home, HOME: base };

function run(...words) {
  const ended = spawnSync(hushkey, words, { env, cwd: work, encoding: "utf8" });
  assert.equal(ended.status, 0, `${words.join(" ")}: ${ended.stderr}`);
  return ended.stdout;
}

// An agent that can show no address: it is told code and address at once.
class Agent {
  constructor() {
    this.child = spawn(hushkey, ["mcp"], { env, cwd: work, stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.child.stdout });
    this.waiting = new Map();
    this.said = "";
    this.next = 1;
    this.lines.on("line", (line) => {
      this.said += line;
      const message = JSON.parse(line);
      this.waiting.get(message.id)?.(message);
    });
  }

  call(name, args) {
    const id = this.next++;
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "browser-test", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const request = { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args, _meta: meta } };
    this.child.stdin.write(JSON.stringify(request) + "\n");
    return new Promise((done) => this.waiting.set(id, done));
  }

  async asked(title) {
    const fields = [{ label: "user", text: "ops" }, { label: "secret key", ask: true }];
    const answer = await this.call("create_item", { vault: "Dev", title, fields });
    const item = answer.result.structuredContent;
    assert.ok(item?.asked, JSON.stringify(answer));
    assert.equal(item.asked[0].state, "waiting");
    return item.asked[0];
  }

  async isSet(title) {
    const answer = await this.call("get_item", { item: title });
    return answer.result.structuredContent.fields.find((it) => it.label === "secret key").set;
  }
}

let shots = 0;
async function look(page, name) {
  const number = String(++shots).padStart(2, "0");
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: join(artefacts, `${number}-${name}-${scheme}.png`), fullPage: true });
    await check(page, `${name}, ${scheme}`);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  await page.screenshot({ path: join(artefacts, `${number}-${name}-320.png`), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `${name} is ${wide} px wide at 320 px`);
  await check(page, `${name}, narrow`);
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: "light" });
}

// The checker is put in from outside the page, which lets nothing in by itself.
async function check(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run());
  const bad = found.violations.filter((it) => ["serious", "critical"].includes(it.impact));
  const told = bad.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(told, [], name);
}

async function test(name, work) {
  try {
    await work();
    console.log(`ok    ${name}`);
  } catch (error) {
    console.error(`FAIL  ${name}`);
    throw error;
  }
}

// A page of another origin, and of another name that points here.
function elsewhere(html) {
  return new Promise((listening) => {
    const server = http.createServer((_, answer) => {
      answer.setHeader("content-type", "text/html");
      answer.end(html());
    });
    server.listen(0, "127.0.0.1", () => listening(server));
  });
}

// The owner's page, and the address that signs in to it once.
async function owner() {
  const ui = spawn(hushkey, ["ui"], { env, cwd: work, stdio: ["ignore", "pipe", "ignore"] });
  const address = await new Promise((done) => createInterface({ input: ui.stdout }).once("line", done));
  return { ui, address };
}

run("init", "--vault", "Dev");
const policy = readFileSync(join(home, "policy.toml"), "utf8");
writeFileSync(join(home, "policy.toml"), policy.replace(/^run +=.*$/m, '$&\napprove = "always"'), { mode: 0o600 });

const agent = new Agent();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--host-resolver-rules=MAP rebound.example 127.0.0.1"],
});
// No script of a page runs here, nor has to.
const plain = await browser.newContext({ javaScriptEnabled: true, viewport: { width: 1000, height: 800 } });
const page = await plain.newPage();
const complaints = [];
page.on("console", (message) => {
  const text = message.text();
  if (message.type() === "error" && !/favicon|status of 4/.test(text)) complaints.push(text);
});

try {
  await test("a person types a value, and the agent is told that it is set", async () => {
    const asked = await agent.asked("Stripe");
    await page.goto(asked.address);
    assert.ok((await page.textContent("main")).includes(asked.code));
    await look(page, "type-a-value");
    assert.equal(await page.evaluate(() => document.activeElement.name), "hidden", "the box has the focus");
    await page.keyboard.type(CANARY);
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=It is stored");
    await look(page, "stored");
    assert.equal(await agent.isSet("Stripe"), true);
    assert.ok(!(await page.content()).includes("canary-7Q2"));
  });

  await test("a key of several lines is typed without a script", async () => {
    const asked = await agent.asked("Key");
    const silent = await browser.newContext({ javaScriptEnabled: false });
    const tab = await silent.newPage();
    await tab.goto(asked.address);
    await tab.getByLabel("several lines", { exact: true }).check();
    await tab.getByLabel(/several lines, shown/).fill("-----BEGIN X-----\nabc\n-----END X-----");
    await tab.screenshot({ path: join(artefacts, "several-lines.png"), fullPage: true });
    await tab.getByRole("button", { name: "Store it" }).click();
    await tab.waitForSelector("text=It is stored");
    assert.equal(await agent.isSet("Key"), true);
    await silent.close();
  });

  await test("nothing typed is asked for again", async () => {
    const asked = await agent.asked("Nothing");
    await page.goto(asked.address);
    await page.getByRole("button", { name: "Store it" }).click();
    await page.waitForSelector("[role=alert]");
    await look(page, "nothing-typed");
    await page.getByRole("button", { name: "Do not type it" }).click();
    await page.waitForSelector("text=You said no");
    await look(page, "said-no");
    assert.equal(await agent.isSet("Nothing"), false);
  });

  await test("of two tabs the first answers, and the second is told so", async () => {
    const asked = await agent.asked("Two tabs");
    const second = await plain.newPage();
    await page.goto(asked.address);
    await second.goto(asked.address);
    await page.locator("[name=hidden]").fill("first and good enough");
    await page.getByRole("button", { name: "Store it" }).click();
    await page.waitForSelector("text=It is stored");
    await second.locator("[name=hidden]").fill("second");
    await second.getByRole("button", { name: "Store it" }).click();
    await second.waitForSelector("text=This link was used");
    await look(second, "used");
    await second.goto(asked.address);
    await second.waitForSelector("text=This link was used");
    await second.close();
  });

  await test("another origin can neither frame the page nor send its form", async () => {
    const asked = await agent.asked("Elsewhere");
    const server = await elsewhere(() => `
      <iframe src="${asked.address}"></iframe>
      <form method="post" action="${asked.address}"><input name="hidden" value="from elsewhere"><button>Send</button></form>`);
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const frame = page.frames().find((it) => it !== page.mainFrame());
    assert.ok(!(await frame.content()).includes("secret key"));
    await page.getByRole("button", { name: "Send" }).click();
    await page.waitForSelector("text=Refused");
    await look(page, "refused");
    assert.equal(await agent.isSet("Elsewhere"), false);
    server.close();
  });

  await test("a name that was pointed here gets no page", async () => {
    const asked = await agent.asked("Rebound");
    await page.goto(asked.address.replace("127.0.0.1", "rebound.example"));
    await page.waitForSelector("text=Refused");
    assert.ok(!(await page.content()).includes("secret key"));
  });

  await test("a link that ran out while its page was open stores nothing", async () => {
    const config = join(home, "config.toml");
    writeFileSync(config, "[agent]\ntyping_seconds = 8\n", { mode: 0o600 });
    const hurried = new Agent();
    try {
      const asked = await hurried.asked("Late");
      await page.goto(asked.address);
      await page.locator("[name=hidden]").fill(CANARY);
      await new Promise((done) => setTimeout(done, 9000));
      await page.getByRole("button", { name: "Store it" }).click();
      await page.waitForSelector("text=This link is too old");
      await page.waitForSelector("text=Have the agent ask again");
      await look(page, "expired");
      assert.equal(await hurried.isSet("Late"), false);
      assert.ok(!(await page.content()).includes("canary-7Q2"));
    } finally {
      hurried.child.kill();
      rmSync(config);
    }
  });

  await test("an unknown link says so", async () => {
    const asked = await agent.asked("Unknown");
    await page.goto(asked.address.replace(/[^/]+$/, "unknown"));
    await page.waitForSelector("text=There is nothing to type here");
    await look(page, "unknown");
  });

  complaints.length = 0;
  await test("the owner allows a run, refuses another, and looks around", async () => {
    const { ui, address } = await owner();
    await page.goto(address);
    await page.waitForSelector("text=Waiting for you");
    const place = page.url();

    const allowed = agent.call("run_command", { command: ["true"], reason: "to see <b>whether</b> it works" });
    await page.waitForSelector("#news:not([hidden])", { timeout: 15000 });
    await page.getByRole("link", { name: "Show it" }).click();
    await page.waitForSelector("text=wants to run a program");
    await look(page, "waiting");
    await page.getByRole("button", { name: "Allow once" }).click();
    const answer = await allowed;
    assert.equal(answer.result.structuredContent?.ok, true, JSON.stringify(answer));

    const refused = agent.call("run_command", { command: ["false"] });
    await page.waitForSelector("#news:not([hidden])", { timeout: 15000 });
    await page.reload();
    const run = page.locator("section", { hasText: "wants to run a program" });
    await run.getByRole("button", { name: "Refuse" }).click();
    assert.equal((await refused).result.isError, true);

    await agent.call("request_access", { command: ["env", "--version"], references: ["op://Dev/Stripe/secret key"], reason: "to see which it is" });
    await page.goto(place);
    const access = page.locator("section", { hasText: "asks for a right that it lacks" });
    await access.getByText('run = ["env", "--version"]').waitFor();
    await look(page, "access");
    await access.getByRole("button", { name: "Allow once" }).click();
    await access.waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Remembered" }).click();
    await page.waitForSelector("text=Allowed once, and not yet used");
    await look(page, "allowed-once");
    await page.getByRole("button", { name: /Revoke/ }).click();
    await page.waitForSelector("text=Nothing is remembered");

    for (const name of ["Remembered", "Activity", "Agents", "Vaults", "Health"]) {
      await page.getByRole("navigation").getByRole("link", { name }).click();
      await page.waitForSelector(`h1:text-is("${name}")`);
      await look(page, name.toLowerCase());
      assert.ok(!(await page.content()).includes("canary-7Q2"));
    }
    await page.goto(`${place}vaults`);
    await page.getByRole("link", { name: "Dev" }).click();
    await page.getByRole("link", { name: "Stripe" }).click();
    await page.waitForSelector("text=set, concealed");
    await look(page, "item");
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(place);
    await stranger.waitForSelector("text=You are not signed in");
    await stranger.goto(address);
    await stranger.waitForSelector("text=You are not signed in");
    const live = await plain.newPage();
    await live.goto(`${place}activity/live`, { waitUntil: "commit" });
    await live.waitForSelector("ol.log li", { timeout: 15000 });
    await live.close();
    const ended = new Promise((done) => ui.once("exit", done));
    ui.kill("SIGINT");
    assert.equal(await ended, 0);
  });

  await test("where the store has a passphrase a yes needs it, and a wrong one is said to be wrong", async () => {
    const file = join(base, "passphrase");
    writeFileSync(file, "canary-7Q2 horse battery\n", { mode: 0o600 });
    run("passphrase", "set", "--passphrase-file", file);
    run("unlock", "--passphrase-file", file);
    const careful = new Agent();
    const { ui, address } = await owner();
    try {
      await page.goto(address);
      await page.waitForSelector("text=Waiting for you");
      const place = page.url();
      const allowed = careful.call("run_command", { command: ["true"], reason: "to see whether a passphrase is wanted" });
      await page.waitForSelector("#news:not([hidden])", { timeout: 15000 });
      await page.goto(place);
      const card = page.locator("section", { hasText: "wants to run a program" });
      await card.getByLabel(/Passphrase of the store/).fill("canary-7Q2 another");
      await card.getByRole("button", { name: "Allow once" }).click();
      await page.waitForSelector("[role=alert]");
      await look(page, "wrong-passphrase");
      assert.ok(!(await page.content()).includes("canary-7Q2"));
      await card.getByLabel(/Passphrase of the store/).fill("canary-7Q2 horse battery");
      await card.getByRole("button", { name: "Allow once" }).click();
      assert.equal((await allowed).result.structuredContent?.ok, true);
      assert.ok(!careful.said.includes("canary-7Q2"));
    } finally {
      careful.child.kill();
      ui.kill("SIGINT");
      run("lock");
    }
  });

  assert.deepEqual(complaints, [], "a page breaks its own policy");
  assert.ok(!agent.said.includes("canary-7Q2"), "nothing typed came out to the agent");
  console.log(`ok    ${shots} pages were looked at; screenshots in ${artefacts}`);
} finally {
  await browser.close();
  agent.child.kill();
}
