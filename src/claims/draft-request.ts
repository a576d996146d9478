/** From the config to what a month's claim is drafted from. */
import { monthQuestion } from '../sla/month-question.ts';
import type { SlaConfig } from '../sla/sla-config.ts';
import type { Ms } from '../units.ts';
import { readCalendarFile } from './calendar-file.ts';
import { datesOf, type ClaimSettings } from './claim-case.ts';
import { invoiceOf, packPricesOf, type ClaimsConfig } from './claims-config.ts';
import type { ClaimDates } from './deadlines.ts';
import type { DraftRequest } from './draft.ts';
import { KLING_HOSTS } from './evidence.ts';
import { createCalendar, type WorkCalendar } from './working-days.ts';

/** The parts of the config that a claim is made from. */
export interface ClaimSources {
  readonly sla: SlaConfig;
  readonly claims: ClaimsConfig;
  readonly upstream: { readonly baseUrl: string };
  /** What a credit costs, and in which currency. */
  readonly price: { readonly perCredit: number; readonly currency: string };
}

/** The hosts whose calls a claim counts: Kling's own, and those that `claims.hosts` names. */
export function claimHosts({ claims }: Pick<ClaimSources, 'claims'>): readonly string[] {
  return [...KLING_HOSTS, ...claims.hosts];
}

/** What a claim is drafted from: the month's calls to Kling's own hosts and those that `claims.hosts` names. */
export function draftRequest(
  config: ClaimSources,
  asked: { month: string; now: Ms; order: DraftRequest['order'] },
): DraftRequest {
  const { claims } = config;
  return {
    question: { ...monthQuestion(config, asked.month, asked.now), hosts: claimHosts(config) },
    settings: claimSettings(config, asked.month),
    directory: claims.directory,
    order: asked.order,
  };
}

function claimSettings(config: ClaimSources, month: string): ClaimSettings {
  const { claims, upstream, price } = config;
  return {
    claimant: claims.claimant,
    baseUrl: upstream.baseUrl,
    ...calendarSettings(config),
    invoice: invoiceOf(claims, month),
    packPrices: packPricesOf(claims),
    price: { perCredit: decimalOf(price.perCredit), currency: price.currency },
  };
}

/** Writes a small number as a decimal without an exponent. */
function decimalOf(value: number): string {
  return value.toFixed(12).replace(/\.?0+$/, '');
}

function calendarSettings({
  sla,
  claims,
}: ClaimSources): Pick<ClaimSettings, 'calendar' | 'calendarOverride'> {
  return {
    calendar: sla.calendar,
    calendarOverride: claims.calendarFile === null ? null : readCalendarFile(claims.calendarFile),
  };
}

/** Makes the calendar of working days as configured. @throws SidecarError `config_invalid` for a bad file. */
export function calendarOf(config: ClaimSources): WorkCalendar {
  const { calendar, calendarOverride } = calendarSettings(config);
  return createCalendar(calendar, calendarOverride);
}

/** Gives the days on which a month's claim may be filed. */
export function filingDates(config: ClaimSources, month: string): ClaimDates {
  return datesOf(month, calendarSettings(config));
}
