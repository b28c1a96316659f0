/** Texts by key, in the language of the page. */
import { signal } from "@preact/signals";
import type { Lang } from "../state/url";
import { en } from "./en";
import { zh, type TextKey } from "./zh";

export type { TextKey } from "./zh";

export const lang = signal<Lang>("zh");

const TEXTS: Readonly<Record<Lang, Readonly<Record<TextKey, string>>>> = { zh, en };

export type Values = Readonly<Record<string, string | number>>;

/** Fill `{name}` places; an unknown place stays visible, so that a mistake is seen. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function t(key: TextKey, values?: Values): string {
  const text = TEXTS[lang.value][key];
  return values ? fill(text, values) : text;
}

/** Whether there is a text under that key. */
export function isText(key: string): key is TextKey {
  return Object.hasOwn(zh, key);
}

/** The text for a code word of the server, such as `status_` + "handling"; a word without text shows as it is. */
export function word(prefix: string, code: string): string {
  const key = `${prefix}_${code}`;
  const texts: Readonly<Record<string, string>> = TEXTS[lang.value];
  return texts[key] ?? code.replaceAll("_", " ");
}

/** The name in the language of the page, the other language when there is none. */
export function named(item: { name: string; name_en?: string | null }): string {
  return lang.value === "en" ? (item.name_en ?? item.name) : item.name;
}

export function categoryName(item: { category_name_zh: string; category_name_en: string }): string {
  return lang.value === "en" ? item.category_name_en || item.category_name_zh : item.category_name_zh;
}
