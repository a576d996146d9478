/** The meaning of a create's exchange: for its hold, for a repeat of the same request, and for the account. */
import { codeInfo, isLastingRefusal, type CodeInfo } from '../kling/codes.ts';
import type { CashPrice } from '../account/row-credits.ts';
import { createEnd } from '../kling/envelope.ts';
import type { KlingRoute } from '../kling/routes.ts';
import type { CreateEnd } from '../ledger/ledger.ts';
import type { Exchange } from '../upstream/upstream.ts';

export interface Verdict {
  end: CreateEnd;
  /** The entry of Kling's code, if the table has it. */
  info: CodeInfo | null;
  message: string;
  /** Whether the answer is kept for repeats: only one that cannot change (a task, a result, a lasting refusal). */
  isKept: boolean;
}

export interface Judged {
  route: KlingRoute;
  externalTaskId: string | null;
  price: CashPrice;
  /** Whether an earlier send of the same create may have made a task. */
  mayBeMade: boolean;
}

/**
 * Judges an exchange by Kling's answer, or by the bytes that may have been sent. If an earlier send may have made a task, no
 * refusal of a later one proves that there is none.
 */
export function judge(exchange: Exchange, { mayBeMade, ...create }: Judged): Verdict {
  const verdict = judgeAlone(exchange, create);
  const { end } = verdict;
  if (!mayBeMade || (end.kind !== 'refused' && end.kind !== 'unknown')) return verdict;
  const evidence = `${end.evidence}; an earlier send of it may have made a task`;
  return { ...verdict, end: { kind: 'unknown', evidence }, isKept: false };
}

function judgeAlone(exchange: Exchange, create: Omit<Judged, 'mayBeMade'>): Verdict {
  const { answer, failure } = exchange;
  if (!answer) {
    const cause = failure?.cause ?? 'no answer';
    const kind = failure && !failure.sent ? 'refused' : 'unknown';
    return {
      end: { kind, evidence: `${failure?.errorClass}: ${cause}` },
      info: null,
      message: cause,
      isKept: false,
    };
  }
  const end = createEnd({
    ...create,
    status: answer.status,
    bytes: answer.body,
    envelope: answer.envelope,
  });
  const code = answer.envelope?.code ?? null;
  const info = code === null || code === 0 ? null : codeInfo(code);
  return {
    end,
    info,
    message: answer.envelope?.message ?? '',
    isKept: isFinal(end, code),
  };
}

/** Returns whether a later repeat of the same request may get the same answer. */
function isFinal(end: CreateEnd, code: number | null): boolean {
  if (end.kind === 'refused') return code !== null && isLastingRefusal(code);
  return end.kind !== 'unknown';
}
