/** An area by its name: type a part of it, choose with the arrow keys. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api/client";
import type { Area } from "../api/types";
import { named, t, word } from "../i18n";
import { city } from "../state/data";
import { cellNumber, levelOf } from "../state/codes";

const DELAY_MS = 160;
const SHOWN = 8;

export type ChosenArea = Pick<Area, "code" | "name" | "name_en" | "kind">;

export function areaText(area: Pick<ChosenArea, "code" | "name" | "name_en">): string {
  return levelOf(area.code) === "cell" ? `${named(area)} ${cellNumber(area.code)}` : named(area);
}

export function AreaChooser({
  id,
  value,
  placeholder,
  onChoose,
}: {
  id: string;
  /** code of the chosen area; 0 for none */
  value: number;
  placeholder?: string;
  onChoose: (area: ChosenArea | null) => void;
}): JSX.Element {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const [found, setFound] = useState<readonly ChosenArea[]>([]);
  const [chosen, setChosen] = useState<ChosenArea | null>(null);

  useEffect(() => {
    if (value === 0 || chosen?.code === value) return undefined;
    const abort = new AbortController();
    api.area(value, abort.signal).then(setChosen, () => undefined);
    return () => abort.abort();
  }, [value, chosen]);

  const wanted = text.trim();
  useEffect(() => {
    if (!open) return undefined;
    const whole = city.value.peek().data;
    if (wanted === "") {
      setFound(whole ? [{ code: whole.code, name: whole.name, name_en: whole.name_en, kind: "city" }] : []);
      return undefined;
    }
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      api.areas({ q: wanted, limit: SHOWN }, abort.signal).then(
        (page) => {
          setFound(page.items);
          setActive(0);
        },
        () => undefined,
      );
    }, DELAY_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [wanted, open]);

  const take = (area: ChosenArea | undefined): void => {
    if (!area) return;
    setChosen(area);
    setText("");
    setOpen(false);
    onChoose(area);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive(Math.max(0, Math.min(found.length - 1, active + (event.key === "ArrowDown" ? 1 : -1))));
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      take(found[active]);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      setOpen(false);
    }
  };
  const shownText = value !== 0 && chosen?.code === value ? areaText(chosen) : value === 0 ? "" : String(value);
  return (
    <div class="combo">
      <input
        id={id}
        role="combobox"
        autocomplete="off"
        spellcheck={false}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-activedescendant={open && found.length > 0 ? `${id}-${active}` : undefined}
        placeholder={placeholder ?? t("areaSearch")}
        value={open ? text : shownText}
        onFocus={() => {
          setOpen(true);
          setActive(0);
        }}
        onBlur={() => setOpen(false)}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setOpen(true);
        }}
        onKeyDown={onKey}
      />
      {open ? (
        <ul class="menu combo-list" id={`${id}-list`} role="listbox">
          {found.length === 0 ? <li class="menu-note">{t(wanted === "" ? "searchHint" : "areaNone")}</li> : null}
          {found.map((area, i) => (
            <li
              key={area.code}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === active}
              onPointerDown={(event) => {
                event.preventDefault();
                take(area);
              }}
              onPointerMove={() => setActive(i)}
            >
              {areaText(area)} <span class="soft">{word("kind", area.kind)}</span>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}
