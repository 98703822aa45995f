// Drives the real binary over stdio with the official TypeScript clients: SDK 1.x (`initialize`) and
// client 2.x (probes with `server/discover`, which starts the program twice).
//
// list -> get -> create with `generate` -> run. The program that is run receives the generated value; nothing that
// the client received holds it.
//
// Usage: typescript_client.mjs HUSHKEY, with the packages beneath the current directory.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);

const hushkey = process.argv[2];

async function clients() {
  const old = await load('@modelcontextprotocol/sdk/client/index.js');
  const oldStdio = await load('@modelcontextprotocol/sdk/client/stdio.js');
  const modern = await load('@modelcontextprotocol/client');
  const modernStdio = await load('@modelcontextprotocol/client/stdio');
  const info = { name: 'interop', version: '1' };
  return {
    'SDK 1.x': [new old.Client(info), oldStdio.StdioClientTransport],
    'client 2.x, auto': [
      new modern.Client(info, { versionNegotiation: { mode: 'auto' } }),
      modernStdio.StdioClientTransport,
    ],
  };
}

async function drive(client, work) {
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
  assert.deepEqual(await call('list_items', { vault: 'Dev' }), { items: [] });

  const created = await call('create_item', {
    vault: 'Dev',
    title: 'Orders',
    fields: [
      { label: 'username', text: 'orders' },
      { label: 'password', purpose: 'PASSWORD', generate: { length: 24 } },
    ],
  });
  const read = await call('get_item', { item: 'Orders' });
  assert.deepEqual(read, created);
  const { reference } = read.fields.find((field) => field.concealed);

  const ran = await call('run_command', {
    command: ['sh', '-c', 'printf %s "$PASSWORD" >received; echo "it is $PASSWORD"'],
    env: { PASSWORD: reference },
    reason: 'interoperability',
  });
  const received = readFileSync(join(work, 'received'), 'utf8');
  assert.equal(received.length, 24, 'the program did not receive the value');
  assert.equal(ran.stdout, `it is <concealed:${reference}>\n`);
  assert(!transcript.includes(received), 'an answer holds the value');
}

for (const [name, [client, Transport]] of Object.entries(await clients())) {
  const directory = mkdtempSync(join(tmpdir(), 'hushkey-'));
  const work = join(directory, 'work');
  mkdirSync(work);
  try {
    const args = ['--home', join(directory, 'home'), 'mcp'];
    await client.connect(new Transport({ command: hushkey, args, cwd: work }));
    await drive(client, work);
    await client.close();
    console.log(`ok: TypeScript ${name}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
