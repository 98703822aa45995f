// Starts what an unpacked MCP bundle holds, as a client would that installed it, and lists its tools.
//
// Usage: bundle.mjs DIRECTORY HOME, with the packages beneath the current directory.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(process.cwd(), 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');

const [directory, home] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
const { command, args, env } = manifest.server.mcp_config;
const filled = (text) =>
  text
    .replaceAll('${__dirname}', directory)
    .replaceAll(/\$\{user_config\.(\w+)\}/g, (_, name) => String(manifest.user_config[name].default));

const client = new Client({ name: 'bundle', version: '1' });
await client.connect(
  new StdioClientTransport({
    command: filled(command),
    args: args.map(filled),
    env: {
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)])),
      HUSHKEY_HOME: home,
    },
    cwd: '/',
  }),
);
const { tools } = await client.listTools();
const announced = new Set(manifest.tools.map((tool) => tool.name));
assert(tools.some((tool) => tool.name === 'run_command'));
for (const { name } of tools) assert(announced.has(name), `the manifest lacks ${name}`);
assert.equal(client.getServerVersion().version, manifest.version);
const { structuredContent } = await client.callTool({ name: 'list_vaults', arguments: {} });
assert.deepEqual(structuredContent.vaults.map((vault) => vault.name), ['Dev']);
await client.close();
console.log(`ok: the bundle's server offers ${tools.length} of its ${announced.size} tools`);
