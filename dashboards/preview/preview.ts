/**
 * Draws every board from its JSON with the answers of a real Prometheus: `npm run dashboards:preview`.
 *
 * A Grafana server cannot be had everywhere; these pictures show what is where and whether the first screen answers its
 * question. They are previews: Grafana itself draws finer. Needs Debian's `prometheus` and `chromium`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianProgram } from '../../test-debian/debian-program.ts';
import { filled, panelsOf, readBoards, type Board, type Panel, type Target } from '../living/expressions.ts';
import { startPrometheus, type Prometheus, type Sample } from '../living/prometheus.ts';
import { liveDay, MINUTE_MS, MINUTES } from '../living/story.ts';
import { drawPanel } from './draw.ts';
import { xml, type Series } from './frame.ts';

const PICTURES = join(import.meta.dirname, '../../docs/pictures');
const WIDTH = 1600;
const COLUMN = WIDTH / 24;
const LINE = 38;
const HEAD = 64;
const STEP_SECONDS = 60;
const RATE_SECONDS = 300;

interface Span {
  from: number;
  to: number;
}

async function seriesOf(
  prometheus: Prometheus,
  target: Target,
  span: Span,
  isInstant: boolean,
): Promise<Series[]> {
  const rangeSeconds = (span.to - span.from) / 1000;
  const expr = filled(target.expr, { rangeSeconds, rateSeconds: RATE_SECONDS });
  const samples = isInstant
    ? await prometheus.instant(expr, span.to)
    : await prometheus.range(expr, { ...span, stepSeconds: STEP_SECONDS });
  return samples.map((sample) => ({
    name: nameOf(sample, target.legendFormat),
    labels: sample.metric,
    points: sample.values.map(([at, value]) => [at * 1000, value] as const),
  }));
}

function nameOf({ metric }: Sample, legend: string): string {
  if (legend !== '__auto')
    return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '');
  const labels = Object.entries(metric).filter(([label]) => !['__name__', 'instance', 'job'].includes(label));
  return labels.map(([, value]) => value).join(' ') || (metric['__name__'] ?? 'value');
}

async function panelSvg(prometheus: Prometheus, panel: Panel, span: Span): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const [left, top, width, height] = [x * COLUMN + 4, y * LINE + HEAD + 4, w * COLUMN - 8, h * LINE - 8];
  const title = `<text x="8" y="18" font-size="13" font-weight="600" fill="#ccccdc">${xml(panel.title)}</text>`;
  const frame = `<rect width="${width}" height="${height}" rx="3" fill="#181b1f" stroke="#2c3235"/>`;
  const ofDays = panel.interval !== undefined;
  const answers = await Promise.all(
    (panel.targets ?? []).map((target) => seriesOf(prometheus, target, span, target.instant || ofDays)),
  );
  // Of a column a day this day fills one.
  const middle = (span.from + span.to) / 2;
  if (ofDays)
    for (const series of answers.flat()) series.points = series.points.map(([, value]) => [middle, value]);
  const inside = drawPanel(panel, answers.flat(), { width: width - 16, height: height - 34, ...span });
  return `<g transform="translate(${left} ${top})">${frame}${title}<svg x="8" y="26" width="${width - 16}" height="${height - 34}">${inside}</svg></g>`;
}

async function boardSvg(
  prometheus: Prometheus,
  board: Board,
  span: Span,
): Promise<{ svg: string; height: number }> {
  const panels = panelsOf(board);
  const drawn = await Promise.all(panels.map((panel) => panelSvg(prometheus, panel, span)));
  const rows = board.panels
    .filter(({ type }) => type === 'row')
    .map(
      ({ title, gridPos }) =>
        `<text x="8" y="${gridPos.y * LINE + HEAD + 26}" font-size="15" fill="#ccccdc">▾ ${xml(title)}</text>`,
    );
  const height = Math.max(...panels.map(({ gridPos }) => (gridPos.y + gridPos.h) * LINE)) + HEAD + 8;
  const time = `${new Date(span.from).toISOString().slice(0, 16).replace('T', ' ')} to ${new Date(span.to).toISOString().slice(11, 16)} UTC`;
  const head =
    `<text x="10" y="28" font-size="20" font-weight="600" fill="#ffffff">${xml(board.title)}</text>` +
    `<text x="10" y="50" font-size="12" fill="#8e8e8e">Preview drawn from the board's JSON with the answers of a real Prometheus, not by Grafana · ${time}</text>`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="Inter, Helvetica, Arial, 'DejaVu Sans', sans-serif">` +
    `<rect width="100%" height="100%" fill="#111217"/>${head}${rows.join('')}${drawn.join('')}</svg>`;
  return { svg, height };
}

/** Lets Chromium make a PNG of an SVG. */
function picture(svg: string, height: number, path: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'kling-preview-'));
  const page = join(folder, 'board.html');
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#111217}</style>${svg}`,
  );
  const done = spawnSync(
    debianProgram('chromium', 'chromium'),
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      `--user-data-dir=${folder}`,
      `--window-size=${WIDTH},${height}`,
      `--screenshot=${path}`,
      `file://${page}`,
    ],
    { encoding: 'utf8' },
  );
  rmSync(folder, { recursive: true, force: true });
  if (done.status !== 0) throw new Error(`Chromium: ${done.stderr}`);
}

async function main(): Promise<void> {
  const minutes = Number(process.argv[2] ?? MINUTES);
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  tell(`living ${minutes} minutes before the emulator`);
  const { scrapes } = await liveDay((minute) => minute % 60 === 0 && tell(`  minute ${minute}`), minutes);
  const prometheus = await startPrometheus({
    prometheus: debianProgram('prometheus', 'prometheus'),
    promtool: debianProgram('promtool', 'prometheus'),
    scrapes,
    rules: [
      join(import.meta.dirname, '../prometheus/recording.rules.yaml'),
      join(import.meta.dirname, '../prometheus/alerts.rules.yaml'),
    ],
  });
  mkdirSync(PICTURES, { recursive: true });
  const to = scrapes.at(-1)?.at ?? 0;
  const span = { from: to - (minutes - 1) * MINUTE_MS, to };
  for (const [name, board] of Object.entries(readBoards())) {
    const { svg, height } = await boardSvg(prometheus, board, span);
    picture(svg, height, join(PICTURES, `board-${name.replace(/\.json$/, '')}.png`));
    tell(`  ${name}`);
  }
  await prometheus.stop();
}

await main();
process.exit(0);
