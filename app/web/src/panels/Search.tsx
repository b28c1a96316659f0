/** One box for areas, addresses and case numbers, all by keyboard. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client";
import { isAbort } from "../api/problem";
import type { AddressHit, Area, Incident } from "../api/types";
import { categoryName, named, t, word } from "../i18n";
import { mapHandle, openIncident } from "../state/actions";
import { goArea } from "../state/navigate";
import { phone } from "../state/store";
import { number } from "../ui/format";
import { Icon } from "../ui/icons";

type Hit =
  | { readonly kind: "incident"; readonly incident: Incident }
  | { readonly kind: "area"; readonly area: Area }
  | { readonly kind: "address"; readonly address: AddressHit };

const query = signal("");
const hits = signal<readonly Hit[] | null>(null);
const busy = signal(false);
const active = signal(0);
const focused = signal(false);

const DELAY_MS = 160;
const AREAS = 6;
const ADDRESSES = 6;

async function find(text: string, stop: AbortSignal): Promise<Hit[]> {
  const caseNo = /^#?(\d{1,10})$/.exec(text)?.[1];
  const none = <T,>(): Promise<T[]> => Promise.resolve([]);
  const quiet = <T,>(wait: Promise<T[]>): Promise<T[]> =>
    wait.catch((reason: unknown) => {
      if (isAbort(reason)) throw reason;
      return [];
    });
  const [incidents, areas, addresses] = await Promise.all([
    caseNo ? quiet(api.incidentByNumber(Number(caseNo), stop).then((incident) => [incident])) : none<Incident>(),
    quiet(api.areas({ q: text, limit: AREAS }, stop).then((page) => page.items)),
    text.length >= 2 && !caseNo
      ? quiet(api.addresses(text, ADDRESSES, stop).then((page) => page.items))
      : none<AddressHit>(),
  ]);
  const codes = new Set(areas.map((item) => item.code));
  return [
    ...incidents.map((incident): Hit => ({ kind: "incident", incident })),
    ...areas.map((item): Hit => ({ kind: "area", area: item })),
    ...addresses.filter((item) => !codes.has(item.code)).map((address): Hit => ({ kind: "address", address })),
  ];
}

function choose(hit: Hit | undefined): void {
  if (!hit) return;
  focused.value = false;
  query.value = "";
  (document.activeElement as HTMLElement | null)?.blur();
  switch (hit.kind) {
    case "incident":
      openIncident(hit.incident, true);
      break;
    case "area":
      void goArea(hit.area.code, { fly: true });
      break;
    case "address":
      goAddress(hit.address);
      break;
  }
}

function goAddress(hit: AddressHit): void {
  mapHandle.value?.show(hit.lon, hit.lat, hit.uncertainty_m > 2000 ? 12 : hit.uncertainty_m > 500 ? 14 : 16);
  const last = hit.chain[hit.chain.length - 1];
  if (last) void goArea(last.code, { fly: false });
}

export function Search(): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const text = query.value.trim();
    if (text === "") {
      hits.value = null;
      busy.value = false;
      return undefined;
    }
    const abort = new AbortController();
    busy.value = true;
    const timer = window.setTimeout(() => {
      find(text, abort.signal).then(
        (found) => {
          hits.value = found;
          active.value = 0;
          busy.value = false;
        },
        () => undefined,
      );
    }, DELAY_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [query.value]);

  const onKey = (event: KeyboardEvent): void => {
    const count = hits.value?.length ?? 0;
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (count > 0) active.value = (active.value + step + count) % count;
    } else if (event.key === "Enter") {
      choose(hits.value?.[active.value]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (query.value === "") input.current?.blur();
      query.value = "";
    }
  };

  const open = focused.value && query.value.trim() !== "";
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        id="search"
        ref={input}
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-expanded={open}
        aria-controls="search-hits"
        aria-activedescendant={open ? `hit-${active.value}` : undefined}
        placeholder={phone.value ? t("key_search") : t("searchPlaceholder")}
        value={query.value}
        onInput={(event) => (query.value = event.currentTarget.value)}
        onFocus={() => (focused.value = true)}
        onBlur={() => (focused.value = false)}
        onKeyDown={onKey}
      />
      {phone.value || focused.value ? null : <kbd>/</kbd>}
      {open ? <Hits /> : null}
    </div>
  );
}

function Hits(): JSX.Element {
  const found = hits.value;
  if (found === null)
    return (
      <div class="hits">
        <p class="menu-note">{t("searchBusy")}</p>
      </div>
    );
  if (found.length === 0)
    return (
      <div class="hits">
        <p class="menu-note">{busy.value ? t("searchBusy") : t("searchNone")}</p>
      </div>
    );
  return (
    <ul class="hits" id="search-hits" role="listbox">
      {found.map((hit, i) => (
        <li
          key={i}
          id={`hit-${i}`}
          role="option"
          aria-selected={i === active.value}
          onPointerDown={(event) => {
            event.preventDefault();
            choose(hit);
          }}
          onPointerMove={() => (active.value = i)}
        >
          <HitText hit={hit} />
        </li>
      ))}
    </ul>
  );
}

function HitText({ hit }: { hit: Hit }): JSX.Element {
  switch (hit.kind) {
    case "incident":
      return (
        <>
          <span>
            {t("searchIncident", { no: hit.incident.no })} {hit.incident.title}
          </span>
          <small>{categoryName(hit.incident)}</small>
        </>
      );
    case "area":
      return (
        <>
          <span>{named(hit.area)}</span>
          <small>
            {word("kind", hit.area.kind)} <span class="tabular">{hit.area.code}</span>
          </small>
        </>
      );
    case "address":
      return (
        <>
          <span>{hit.address.label}</span>
          <small>{t("searchUncertainty", { m: number(hit.address.uncertainty_m) })}</small>
        </>
      );
  }
}
