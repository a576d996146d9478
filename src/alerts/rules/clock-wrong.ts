/** This machine's clock is not trusted, so creates cannot be dated. */
import type { Ms } from '../../units.ts';
import type { AlertEvent } from '../alert.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { lasted, numberOrNull, wordsOf } from '../words/values.ts';

/** After a sleep of the machine the clocks are compared again within half a minute: no alert for that. */
const LASTS_MS_MIN: Ms = 120_000;
/** A smaller difference is no reason by itself: the clock stepped (upstream/clock-trust.ts). */
const OFFSET_MS_MIN: Ms = 300_000;

export const clockWrong: Rule = {
  word: 'clock_wrong',
  async look({ at, signals }) {
    const { clock } = signals;
    if (clock === 'unknown') return null;
    if (clock === null || at - clock.since < LASTS_MS_MIN) return [];
    const { offsetMs, since } = clock;
    return [{ rule: 'clock_wrong', labels: {}, period: null, values: { offsetMs }, since }];
  },
  words: {
    en: wordsOf({ firing: wrongEn, resolved: rightEn }),
    zh: wordsOf({ firing: wrongZh, resolved: rightZh }),
  },
};

type Cause = { kind: 'unknown' } | { kind: 'stepped' } | { kind: 'off'; isBehind: boolean; byMs: Ms };

/** Kling's clock less ours: above 0 if ours is behind. */
function causeOf({ values }: AlertEvent): Cause {
  const offsetMs = numberOrNull(values, 'offsetMs');
  if (offsetMs === null) return { kind: 'unknown' };
  if (Math.abs(offsetMs) <= OFFSET_MS_MIN) return { kind: 'stepped' };
  return { kind: 'off', isBehind: offsetMs > 0, byMs: Math.abs(offsetMs) };
}

const CHECK = 'timedatectl set-ntp true';
const ACCEPT = 'kling-sidecar clock accept --reason TEXT';

function wrongEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const cause = causeOf(event);
  const effect =
    'Creates are refused with 503 clock_untrusted (in protect): a wrong date opens or locks a budget’s window.';
  switch (cause.kind) {
    case 'off':
      return {
        title: `This machine’s clock is ${format.duration(cause.byMs)} ${cause.isBehind ? 'behind' : 'ahead of'} Kling’s`,
        finding: `Five minutes are allowed. ${effect}`,
        advice: `Set the clock right: ${CHECK}, then look at timedatectl. Only if it is right and Kling’s is not: ${ACCEPT}.`,
      };
    case 'stepped':
      return {
        title: 'This machine’s clock stepped, and was not compared with Kling’s since',
        finding: effect,
        advice: `Usually over with Kling’s next answer. If not: ${CHECK}, and see whether a virtual machine or two time services set the clock.`,
      };
    default:
      return {
        title: 'This machine’s clock cannot be compared with Kling’s',
        finding: `Kling’s answers have no Date. ${effect}`,
        advice: `See which proxy removes the header Date (upstream.proxy). If it cannot be helped, and the clock is right: ${ACCEPT}.`,
      };
  }
}

function wrongZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  const cause = causeOf(event);
  const effect =
    '创建请求会被拒绝（protect 模式下返回 503 clock_untrusted），因为日期错误会误开或误锁预算周期。';
  switch (cause.kind) {
    case 'off':
      return {
        title: `本机时钟比可灵${cause.isBehind ? '慢' : '快'} ${format.duration(cause.byMs)}`,
        finding: `允许的偏差为 5 分钟。${effect}`,
        advice: `请校准时钟：${CHECK}，再用 timedatectl 检查。仅当本机时钟正确、可灵时钟有误时：${ACCEPT}。`,
      };
    case 'stepped':
      return {
        title: '本机时钟发生跳变，尚未与可灵核对',
        finding: effect,
        advice: `通常在可灵下一次应答后自动恢复。如未恢复：${CHECK}，并检查虚拟机或多个时间服务是否在改动时钟。`,
      };
    default:
      return {
        title: '本机时钟无法与可灵核对',
        finding: `可灵的应答中没有 Date 头。${effect}`,
        advice: `请检查是哪个代理去掉了 Date 头（upstream.proxy）。如无法解决且本机时钟正确：${ACCEPT}。`,
      };
  }
}

function rightEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: 'This machine’s clock is trusted again',
    finding: `It was not trusted for ${lasted(event, format)}. If creates were dated wrongly meanwhile, kling-sidecar doctor says so.`,
    advice: '',
  };
}

function rightZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: '本机时钟已恢复可信',
    finding: `不可信状态持续了 ${lasted(event, format)}。如果期间有创建请求的日期记录错误，kling-sidecar doctor 会指出。`,
    advice: '',
  };
}
