/** Where we are in the tree of areas; each step opens its children. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api/client";
import type { Area, ChainLink } from "../api/types";
import { shownFace } from "../faces";
import { named, t } from "../i18n";
import { cellNumber } from "../state/codes";
import { city, crumbArea } from "../state/data";
import { goArea, goCity } from "../state/navigate";
import { area } from "../state/store";
import { Icon } from "../ui/icons";

interface Menu {
  readonly parent: number;
  readonly items: readonly Area[] | null;
}

const menu = signal<Menu | null>(null);

async function openMenu(parent: number): Promise<void> {
  if (menu.value?.parent === parent) {
    menu.value = null;
    return;
  }
  menu.value = { parent, items: null };
  const items = await api.areas({ parent, limit: 1000 }).then(
    (page) => page.items,
    () => [],
  );
  if (menu.peek()?.parent === parent) menu.value = { parent, items };
}

/** On the map an area is gone to; on another face it only narrows what is listed. */
function choose(code: number): void {
  if (shownFace.peek()) area.value = code;
  else if (code === 0) goCity();
  else void goArea(code, { fly: true });
}

export function Breadcrumb(): JSX.Element | null {
  const info = city.value.value.data;
  const chosen = crumbArea.value.value.data;
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    const close = (event: PointerEvent): void => {
      if (menu.peek() && !root.current?.contains(event.target as Node)) menu.value = null;
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, []);
  if (!info) return null;
  const links: ChainLink[] = (chosen?.chain ?? []).filter((link) => link.level !== "city");
  const parents = [info.code, ...links.map((link) => link.code)];
  return (
    <nav class="crumbs" ref={root} aria-label={t("level")}>
      <button type="button" class="crumb" aria-current={area.value === 0} onClick={() => choose(0)}>
        {t("wholeCity")}
      </button>
      {links.map((link, i) => (
        <span key={link.code} class="crumb-step">
          <Drop parent={parents[i] ?? info.code} />
          <button type="button" class="crumb" aria-current={link.code === area.value} onClick={() => choose(link.code)}>
            {link.level === "cell" ? cellNumber(link.code) : named(link)}
          </button>
        </span>
      ))}
      {links[links.length - 1]?.level === "community" ? null : (
        <Drop parent={parents[parents.length - 1] ?? info.code} last />
      )}
    </nav>
  );
}

function Drop({ parent, last = false }: { parent: number; last?: boolean }): JSX.Element {
  const open = menu.value?.parent === parent;
  return (
    <span class="crumb-drop">
      <button
        type="button"
        class="crumb-arrow"
        aria-expanded={open}
        aria-label={t("expand")}
        onClick={() => void openMenu(parent)}
      >
        <Icon name={last || open ? "down" : "right"} />
      </button>
      {open ? (
        <ul class="menu">
          {menu.value?.items === null ? <li class="menu-note">{t("loading")}</li> : null}
          {menu.value?.items?.map((item) => (
            <li key={item.code}>
              <button
                type="button"
                aria-current={item.code === area.value}
                onClick={() => {
                  menu.value = null;
                  choose(item.code);
                }}
              >
                {item.level === "cell" ? cellNumber(item.code) : named(item)}
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </span>
  );
}
