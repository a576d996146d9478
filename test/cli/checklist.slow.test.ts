import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CHECKLIST } from '../../src/cli/checklist-lines.ts';
import { EMULATOR_KEY, startApp, type StartedApp, type StartOptions } from '../app/start-app.ts';
import { judge } from './checklist-rig.ts';
import { runBeside } from './smoke-rig.ts';

let app: StartedApp;
afterEach(() => app.stop());

const start = async (options: StartOptions = {}): Promise<void> => void (app = await startApp(options));

describe('the checklist', () => {
  it('has every line of the checklist that teams are given, under its heading, in its order', async () => {
    const given = readFileSync(path.join(import.meta.dirname, 'production-checklist.txt'), 'utf8');
    const headings = CHECKLIST.map(({ heading }) => heading);
    const text = given
      .replace(/# Pre-batch credit check[^]*?"\)\n/, '')
      .replace(/# Connection pooling[^]*?adapter\)\n/, '');
    const sections = text.split(
      /\n(?=(?:Authentication|Error Handling|Cost Controls|Task Management|Content Safety|Security|Monitoring|Performance|Pre-Launch Smoke Test)\n)/,
    );
    const squeezed = (some: string): string => some.replaceAll(/\s/g, '');
    const wanted = sections.slice(1, -1).map((section) => {
      const [heading = '', ...rest] = section.split('\n');
      return [heading, ...rest.join('\n').split('- [ ]').slice(1).map(squeezed)];
    });
    expect(wanted).toHaveLength(8);
    expect(wanted.flat().length - wanted.length).toBe(40);
    const own = CHECKLIST.slice(0, 8).map(({ heading, lines }) => [
      heading,
      ...lines.map(([, line]) => squeezed(line)),
    ]);
    expect(own).toEqual(wanted);
    expect(sections.at(-1)).toMatch(/^Pre-Launch Smoke Test\n/);
    expect(headings.slice(8)).toEqual(['Pre-Launch Smoke Test', 'Beyond the checklist']);
    await start();
    const { lines } = await judge(app);
    expect(lines.map(({ heading, line }) => [heading, line])).toEqual(
      CHECKLIST.flatMap(({ heading, lines: all }) => all.map(([, line]) => [heading, line])),
    );
  });

  it('is printed for people, for programs and for a pull request, without a secret', async () => {
    await start();
    const env = { KLING_API_KEY: 'a-key-of-the-commands-own' };
    const text = await runBeside(app, ['doctor', '--checklist'], { env });
    expect(text).toMatchObject({ code: 0, err: '' });
    expect(text.out).toMatch(
      /^Authentication\nwarn {6}AK\/SK stored in secrets manager \(not \.env in repo\)\n {10}KLING_API_KEY holds/,
    );
    expect(text.out).toMatch(/\n {10}→ Name a private file in KLING_API_KEY_FILE/);
    expect(text.out).toMatch(
      /\n\d+ ok, \d+ warn, 0 fail, \d+ not ours\. Environment default, http:\/\/127\.0\.0\.1:\d+, key key-[0-9a-f]{16}\.\n$/,
    );
    const markdown = await runBeside(app, ['doctor', '--checklist', '--format', 'markdown'], { env });
    expect(markdown.out).toMatch(/^## Production checklist\n\n\d+ ok, /);
    expect(markdown.out).toMatch(
      /\n### Error Handling\n\n\| \| line \| finding \|\n\| --- \| --- \| --- \|\n\| ✅ ok \| HTTP 400/,
    );
    expect(markdown.out).toContain('| Authorization: Bearer &lt;token&gt; format verified |');
    expect(markdown.out).toContain(String.raw`task\_status: "failed" logs task\_status\_msg`);
    const rows = markdown.out.split('\n').filter((row) => row.startsWith('|') && !/^\| (---|\|)/.test(row));
    expect(rows.filter((row) => row.replaceAll(String.raw`\|`, '').split('|').length !== 5)).toEqual([]);
    const json = await runBeside(app, ['doctor', '--checklist', '--json'], { env });
    for (const { out } of [text, markdown, json]) {
      for (const secret of ['a-key-of-the-commands-own', EMULATOR_KEY, app.token])
        expect(out).not.toContain(secret);
    }
  });

  it('belongs to its option: the others are refused without it', async () => {
    await start();
    for (const args of [['--compare', 'x'], ['--without-kling'], ['--format', 'markdown']]) {
      const { code, err } = await runBeside(app, ['doctor', ...args]);
      expect([args, code]).toEqual([args, 2]);
      expect(err).toContain(`${args.join(' ').replace(' x', '')} is for the checklist: add --checklist.`);
    }
  });

  it('asks Kling through the running sidecar by one free read, or not at all', async () => {
    await start();
    const without = await judge(app, ['--without-kling']);
    expect(without.line('kling')).toMatch(/^warn: Kling was not asked \(--without-kling\)\./);
    expect(app.emulator.requests()).toEqual([]);
    const { line } = await judge(app);
    expect(line('kling')).toMatch(
      /^warn: 127\.0\.0\.1:\d+ takes the credentials, through the sidecar; it lists 2 packs\. .* this is no Kling/,
    );
    expect(line('bearer')).toMatch(
      /^ok: Kling took Authorization: Bearer at 127\.0\.0\.1:\d+, on a free read\.$/,
    );
    expect(line('packs')).toMatch(/^ok: 2 packs with units left/);
    expect(line('clock')).toMatch(/^ok: Kling’s clock /);
    const asked = app.emulator.requests();
    expect(asked.map(({ method, path: target }) => `${method} ${target.split('?')[0]}`)).toEqual([
      'GET /account/costs',
    ]);
    expect(asked[0]?.headers['authorization']).toBe(`Bearer ${EMULATOR_KEY}`);
    expect(app.emulator.book().charges).toEqual([]);
  });

  it('fails where Kling refuses the key', async () => {
    await start({ env: { KLING_API_KEY: 'a-key-of-somebody-else' } });
    const { code, line } = await judge(app);
    expect(code).toBe(1);
    expect(line('bearer')).toMatch(
      /^fail: Kling refused the credentials at \S+ with code 1002: .* → Check the credentials/,
    );
    expect(line('kling')).toMatch(/^fail: \S+ answered code 1002/);
  });

  it('calls as an app where apps are configured', async () => {
    await start();
    const keyFile = path.join(app.folder, 'app.key');
    await writeFile(keyFile, 'an-app-key-that-is-long-enough', { mode: 0o600 });
    await app.reload({ apps: [{ name: 'web', keyFile }] });
    expect((await judge(app)).line('kling')).toMatch(/takes the credentials, through the sidecar/);
  });
});
