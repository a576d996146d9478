/** The letter's section on the fee and the voucher. */
import { joinTexts, list, paragraph, type Block, type Text } from '../markup.ts';
import type { ClaimCase, ClaimLine } from './claim-case.ts';
import type { Fee, FeeSource } from './fee.ts';
import type { LetterWords, Worth } from './letter-words.ts';
import { formatMoney } from './money.ts';

/** Gives what a line asks for. */
export function askedOn(line: ClaimLine, claim: ClaimCase): Worth {
  const { percent, voucher } = line;
  const amount = voucher && claim.fee ? formatMoney(voucher.asked, claim.fee.currency) : null;
  return { percent, amount };
}

/** Says what the fee is, where it comes from, and the voucher that follows. */
export function feeBlocks({ fee, principal, agreement }: ClaimCase, words: LetterWords): Block[] {
  const { percent, voucher } = principal;
  const { capPercent } = agreement;
  if (!fee || !voucher) return [paragraph(words.feeUnknown({ percent, capPercent }))];
  const money = (micros: number): string => formatMoney(micros, fee.currency);
  const asked = words.voucher({ percent, capPercent, asked: money(voucher.asked) });
  const items: Text[] = [
    words.fee({
      amount: money(fee.amount),
      paidByVoucher: money(fee.paidByVoucher),
      source: sourceText(fee, words),
    }),
    joinTexts(voucher.isCapped ? [asked, words.voucherCapped] : [asked], words.gap),
  ];
  if (fee.paidByVoucher > 0) {
    items.push(words.voucherNarrower({ percent, amount: money(voucher.narrower) }));
  }
  return [list(items)];
}

/** Says where a fee comes from. */
export function sourceText({ source, currency }: Pick<Fee, 'source' | 'currency'>, words: LetterWords): Text {
  switch (source.kind) {
    case 'invoice':
      return words.feeInvoice(source.number);
    case 'billing':
      return words.feeBilling(source.rows, partTexts(source, currency, words));
    case 'settled': {
      const { credits, perCredit } = source;
      return words.feeSettled({
        credits: credits.total / 1000,
        reported: credits.reported / 1000,
        unreported: (credits.total - credits.reported) / 1000,
        perCredit,
        currency: source.currency,
      });
    }
  }
}

function partTexts(
  { parts }: Extract<FeeSource, { kind: 'billing' }>,
  currency: string,
  words: LetterWords,
): Text[] {
  return parts.map((part) =>
    words.feePart(part, part.amount === null ? null : formatMoney(part.amount, currency)),
  );
}
