/** Kling refuses our credentials: nothing works until they are replaced. */
import { RESIGN_CODES } from '../../kling/codes.ts';
import type { AlertEvent } from '../alert.ts';
import type { Format, Rule, RuleText } from '../rule.ts';
import { quoted } from '../words/phrases.ts';
import { lasted, numberOf, textOrNull, wordsOf } from '../words/values.ts';

export const credentialsRefused: Rule = {
  word: 'credentials_refused',
  async look({ signals }) {
    const { credentials } = signals;
    if (credentials === 'unknown') return null;
    if (credentials === null) return [];
    const { code, since } = credentials;
    const message = credentials.message.trim() === '' ? null : credentials.message;
    const values = { code, message };
    return [{ rule: 'credentials_refused', labels: {}, period: null, values, since }];
  },
  words: {
    en: wordsOf({ firing: refusedEn, resolved: acceptedEn }),
    zh: wordsOf({ firing: refusedZh, resolved: acceptedZh }),
  },
};

function refusedEn({ values, startedAt }: AlertEvent, format: Format): ReturnType<RuleText> {
  const code = numberOf(values, 'code');
  const message = textOrNull(values, 'message');
  const said = message === null ? '' : ` and says ${quoted(message, 'en')}`;
  const advice = RESIGN_CODES.has(code)
    ? 'The token’s times are wrong for Kling: check this machine’s clock (timedatectl). '
    : 'If the key was rotated, put the new one into its file (mode 0600): it is read again by itself. If nobody of you ' +
      'revoked it, look for a leak before you make a new one. ';
  return {
    title: `Kling refuses the credentials (code ${code}): no call works`,
    finding: `Kling answers 401${said}. No create and no read of any app works since ${format.time(startedAt)}.`,
    advice: `${advice}Which key it is, and where it was read from: kling-sidecar doctor.`,
  };
}

function refusedZh({ values, startedAt }: AlertEvent, format: Format): ReturnType<RuleText> {
  const code = numberOf(values, 'code');
  const message = textOrNull(values, 'message');
  const said = message === null ? '' : `，并提示${quoted(message, 'zh')}`;
  const advice = RESIGN_CODES.has(code)
    ? '可灵认为令牌的时间不正确：请检查本机时钟（timedatectl）。'
    : '如已更换密钥，请把新密钥写入密钥文件（权限 0600），程序会自动重新读取。如果没有人吊销过密钥，请先排查泄露，再创建新密钥。';
  return {
    title: `可灵拒绝了凭证（错误码 ${code}）：所有调用都会失败`,
    finding: `可灵返回 401${said}。自 ${format.time(startedAt)} 起，所有应用的创建和读取请求都会失败。`,
    advice: `${advice}查看使用的是哪个密钥、从哪里读取：kling-sidecar doctor。`,
  };
}

function acceptedEn(event: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: 'Kling takes the credentials again',
    finding: `They were refused for ${lasted(event, format)}. Creates and reads work.`,
    advice: '',
  };
}

function acceptedZh(event: AlertEvent, format: Format): ReturnType<RuleText> {
  return {
    title: '可灵已恢复接受凭证',
    finding: `凭证被拒绝持续了 ${lasted(event, format)}。创建和读取请求已恢复正常。`,
    advice: '',
  };
}
