// Drives the real binary over stdio, or over HTTP if served.py has started a server, with the official TypeScript clients: SDK 1.x (`initialize`) and
// client 2.x (probes with `server/discover`, which starts the program twice).
//
// list -> get -> create with `generate` -> run. The program that is run receives the generated value; nothing that
// the client received holds it.
//
// Usage: typescript_client.mjs HUSHKEY, or served.py HUSHKEY node typescript_client.mjs [MCP_REMOTE], with the packages beneath
// the current directory. With the script of mcp-remote, the clients speak to it over stdio and it speaks HTTP for them.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);

const hushkey = process.argv[2];
const { HUSHKEY_URL: url, HUSHKEY_TOKEN: token, HUSHKEY_WORK: served } = process.env;

async function clients() {
  const old = await load('@modelcontextprotocol/sdk/client/index.js');
  const oldStdio = await load('@modelcontextprotocol/sdk/client/stdio.js');
  const oldHttp = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const modern = await load('@modelcontextprotocol/client');
  const modernStdio = await load('@modelcontextprotocol/client/stdio');
  const info = { name: 'interop', version: '1' };
  return {
    'SDK 1.x': [
      new old.Client(info),
      oldStdio.StdioClientTransport,
      oldHttp.StreamableHTTPClientTransport,
    ],
    'client 2.x, auto': [
      new modern.Client(info, { versionNegotiation: { mode: 'auto' } }),
      modernStdio.StdioClientTransport,
      modern.StreamableHTTPClientTransport,
    ],
  };
}

async function drive(client, work, title) {
  let transcript = '';
  const call = async (name, args) => {
    const result = await client.callTool({ name, arguments: args });
    const [{ text }] = result.content;
    transcript += text + JSON.stringify(result.structuredContent);
    assert(!result.isError, `${name}: ${text}`);
    assert.deepEqual(JSON.parse(text), result.structuredContent, name);
    return result.structuredContent;
  };

  const { tools } = await client.listTools();
  assert(tools.some((tool) => tool.name === 'run_command'));
  const { vaults } = await call('list_vaults', {});
  assert.deepEqual(vaults.map((vault) => vault.name), ['Dev']);
  assert.deepEqual(await call('list_items', { vault: 'Dev', query: title }), { items: [] });

  const created = await call('create_item', {
    vault: 'Dev',
    title,
    fields: [
      { label: 'username', text: 'orders' },
      { label: 'password', purpose: 'PASSWORD', generate: { length: 24 } },
    ],
  });
  const read = await call('get_item', { item: title });
  assert.deepEqual(read, created);
  const { reference } = read.fields.find((field) => field.concealed);

  const ran = await call('run_command', {
    command: ['sh', '-c', 'printf %s "$PASSWORD" >received; echo "it is $PASSWORD"'],
    env: { PASSWORD: reference },
    cwd: work,
    reason: 'interoperability',
  });
  const received = readFileSync(join(work, 'received'), 'utf8');
  assert.equal(received.length, 24, 'the program did not receive the value');
  assert.equal(ran.stdout, `it is <concealed:${reference}>\n`);
  assert(!transcript.includes(received), 'an answer holds the value');
}

for (const [name, [client, Stdio, Http]] of Object.entries(await clients())) {
  if (url && process.argv[2]) {
    const env = {
      ...process.env,
      // It keeps what it knows of servers; there is nothing to keep.
      MCP_REMOTE_CONFIG_DIR: mkdtempSync(join(tmpdir(), 'mcp-remote-')),
      AUTHORIZATION: `Bearer ${token}`,
    };
    // It takes the variable's value itself, so that the token is in no command line.
    const header = ['--header', 'Authorization:${AUTHORIZATION}'];
    const args = [process.argv[2], url, '--allow-http', '--transport', 'http-only', ...header];
    try {
      await client.connect(new Stdio({ command: process.execPath, args, env, stderr: 'ignore' }));
      await drive(client, served, `Orders of ${name.replace(/[^a-z0-9]+/gi, '-')} remotely`);
      await client.close();
    } finally {
      rmSync(env.MCP_REMOTE_CONFIG_DIR, { recursive: true, force: true });
    }
    console.log(`ok: TypeScript ${name} through mcp-remote`);
    continue;
  }
  if (url) {
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    await client.connect(new Http(new URL(url), { requestInit }));
    await drive(client, served, `Orders of ${name.replace(/[^a-z0-9]+/gi, '-')}`);
    await client.close();
    console.log(`ok: TypeScript ${name} over HTTP`);
    continue;
  }
  const directory = mkdtempSync(join(tmpdir(), 'hushkey-'));
  const work = join(directory, 'work');
  mkdirSync(work);
  try {
    const args = ['--home', join(directory, 'home'), 'mcp'];
    await client.connect(new Stdio({ command: hushkey, args, cwd: work }));
    await drive(client, work, 'Orders');
    await client.close();
    console.log(`ok: TypeScript ${name}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
