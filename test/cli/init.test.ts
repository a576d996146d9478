import { spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { NODE_FLAGS } from '../../src/cli/init-files.ts';
import { loadConfig } from '../../src/config/config.ts';
import { createEmulator } from '../../src/emulator/emulator.ts';
import { freePort } from './free-port.ts';
import { launch, type Started } from './launch.ts';
import { cli } from './run-cli.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
let parent = '';
let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'kling-init-'));
  // A name that shells and systemd would take apart.
  folder = path.join(parent, "it's a $HOME %n");
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(parent, { recursive: true, force: true });
});

const init = (dir = folder) => cli(['init', dir], { cwd: parent });

describe('init', () => {
  it('writes a config in observe, an empty key file of mode 0600 and a private data folder, and prints the next steps', async () => {
    const { code, out } = await init();
    expect(code).toBe(0);
    expect(out).toMatch(/1\. cd '.*\n.*2\. cat > kling-api-key.*\n.*3\. .*config check\n.*4\. .*start/);
    const { config, warnings } = loadConfig({ env: {}, cwd: folder });
    expect(config.mode).toBe('observe');
    expect(config.store.path).toBe(path.join(folder, 'data/sidecar.db'));
    expect(warnings).toEqual([]);
    const modeOf = (name: string): number => statSync(path.join(folder, name)).mode & 0o777;
    expect([modeOf('kling-api-key'), modeOf('data'), modeOf('kling-sidecar')]).toEqual([0o600, 0o700, 0o755]);
    const { $schema } = JSON.parse(readFileSync(path.join(folder, 'sidecar.config.json'), 'utf8')) as {
      $schema: string;
    };
    expect(path.resolve(folder, $schema)).toBe(path.join(PROJECT, 'schema.json'));
  });

  it('overwrites nothing: it names what is there and writes no other file', async () => {
    await init();
    rmSync(path.join(folder, 'compose.yaml'));
    writeFileSync(path.join(folder, 'kling-api-key'), 'precious');
    const before = readdirSync(folder);
    const { code, err } = await init();
    expect(code).toBe(2);
    expect(err).toMatch(/already has sidecar\.config\.json, kling-api-key, .* nothing is overwritten/);
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(path.join(folder, 'kling-api-key'), 'utf8')).toBe('precious');
  });

  it('means the folder that people are in, where npm runs it in the package’s', async () => {
    const env = {
      npm_lifecycle_event: 'kling-sidecar',
      npm_package_json: path.join(PROJECT, 'package.json'),
      INIT_CWD: parent,
    };
    const { code } = await cli(['init', 'run-here'], { cwd: PROJECT, env });
    expect(code).toBe(0);
    expect(existsSync(path.join(parent, 'run-here/kling-sidecar'))).toBe(true);
  });

  it('runs from there: a key is put in, a create goes through, and stop ends it', async () => {
    await init();
    const emulator = createEmulator({ clock: systemClock, port: 0 });
    const { url } = await emulator.start();
    const env = {
      KLING_SIDECAR__UPSTREAM__BASEURL: url,
      KLING_SIDECAR__LISTEN__PORT: '0',
      KLING_SIDECAR__CONTROL__PORT: String(await freePort()),
    };
    const command = (...args: string[]): Started => {
      const started = launch([path.join(folder, 'kling-sidecar'), ...args], { cwd: tmpdir(), env });
      children.push(started.child);
      return started;
    };
    const unready = command('start');
    expect(await unready.exit).toBe(2);
    expect(unready.text()).toMatch(/kling-api-key, which is empty/);
    writeFileSync(path.join(folder, 'kling-api-key'), 'emulator-key\n');
    const daemon = command('start');
    const dataUrl = (await daemon.says(/"data":"([^"]+)"/))[1] ?? '';
    const answer = await fetch(`${dataUrl}/v1/videos/text2video`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model_name":"kling-v1","prompt":"a cat"}',
    });
    expect(answer.status).toBe(200);
    expect(emulator.book().charges).toHaveLength(1);
    const link = path.join(parent, 'kling-sidecar');
    symlinkSync(path.join(folder, 'kling-sidecar'), link);
    const status = launch([link, 'status'], { cwd: parent, env });
    expect(await status.exit).toBe(0);
    expect(status.text()).toContain(`process ${daemon.child.pid}`);
    const stop = command('stop');
    expect(await stop.exit).toBe(0);
    expect(stop.text()).toBe(`Process ${daemon.child.pid} has stopped.\n`);
    expect(await daemon.exit).toBe(0);
    expect(existsSync(path.join(folder, 'data/sidecar.db'))).toBe(true);
    await emulator.stop();
  });

  it('writes a unit with the paths of the folder and every restriction of the unit in docs', async () => {
    await init();
    const unit = readFileSync(path.join(folder, 'kling-sidecar.service'), 'utf8');
    const escaped = folder.replaceAll('%', '%%');
    expect(unit).toContain(`WorkingDirectory=${escaped}\n`);
    expect(unit).toContain(`LoadCredential="kling-api-key:${escaped}/kling-api-key"\n`);
    expect(unit).toContain(`ReadWritePaths="${escaped}/data"\n`);
    expect(unit).toMatch(
      new RegExp(`^ExecStart="/.*node" ${NODE_FLAGS} "/.*bin/kling-sidecar\\.js" start$`, 'm'),
    );
    const documented = readFileSync(path.join(PROJECT, 'docs/run/kling-sidecar.service'), 'utf8');
    const fixed =
      /^(?:NoNewPrivileges|ProtectSystem|PrivateTmp|LimitCORE|TimeoutStopSec|ExecReload|Restart)=.*$/gm;
    const lines = documented.match(fixed) ?? [];
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(unit).toContain(`${line}\n`);
    expect(unit).toMatch(/^ProtectHome=(?:true|read-only)$/m);
  });

  it('writes a compose file that runs as the folder’s owner, with the whole folder and its data mounted', async () => {
    await init();
    const compose = readFileSync(path.join(folder, 'compose.yaml'), 'utf8');
    const { uid, gid } = statSync(folder);
    expect(compose).toContain(`user: "${uid === 0 ? '1000:1000' : `${uid}:${gid}`}"`);
    expect(compose).toContain(`build: ${JSON.stringify(PROJECT)}`);
    expect(compose).toMatch(/- \.:\/config:ro\n {6}- \.\/data:\/config\/data\n/);
  });
});

describe('the checkout', () => {
  it.each([
    'kling-api-key',
    'secrets/web.key',
    'apps/web.key',
    'tls.key',
    'tls.crt',
    'control.token',
    'data/sidecar.db',
  ])('keeps %s out of git', (name) => {
    expect(spawnSync('git', ['check-ignore', '-q', '--no-index', name], { cwd: PROJECT }).status).toBe(0);
  });
});
