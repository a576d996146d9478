/** The page's languages, and which of them a reader gets. */
import { EN, type Words } from './en.ts';
import { ZH } from './zh.ts';

export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

export const WORDS: Readonly<Record<Language, Words>> = { en: EN, zh: ZH };

/** Chooses the language: the one of the address, else the first known one of `Accept-Language` (RFC 9110, section 12.5.4). */
export function languageOf(chosen: string | null, accepted: string | null): Language {
  const named = LANGUAGES.find((language) => language === chosen);
  if (named) return named;
  const wanted = (accepted ?? '')
    .slice(0, 200)
    .split(',')
    .map((part, place) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters
        .map((text) => /^\s*q=([01](?:\.\d{1,3})?)\s*$/.exec(text)?.[1])
        .find(Boolean);
      return { language: tag.split('-')[0] ?? '', quality: Number(quality ?? 1), place };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality || a.place - b.place);
  for (const { language } of wanted) {
    const known = LANGUAGES.find((one) => one === language);
    if (known) return known;
  }
  return 'en';
}
