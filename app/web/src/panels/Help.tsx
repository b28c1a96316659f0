/** The keys. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { shownFace } from "../faces";
import { t, type TextKey } from "../i18n";
import { helpOpen } from "../state/store";
import { Icon } from "../ui/icons";

const KEYS: readonly (readonly [string, TextKey])[] = [
  ["/", "key_search"],
  ["1 – 7", "key_layers"],
  ["j  k", "key_list"],
  ["Enter", "key_open"],
  ["Esc", "key_back"],
  ["u", "key_up"],
  ["n", "key_report"],
  ["t", "key_time"],
  ["w", "key_wall"],
  ["+  −", "key_zoom"],
  ["?", "key_help"],
];

/** On the workbench letters are the tools'. */
const PLAN_KEYS: readonly (readonly [string, TextKey])[] = [
  ["p", "toolPickHint"],
  ["c", "toolClickHint"],
  ["b", "toolBrushHint"],
  ["l", "toolLassoHint"],
  ["s", "toolSplitHint"],
  ["m", "toolMergeHint"],
  ["k", "toolLockHint"],
  ["Enter", "toolAccept"],
  ["Esc", "toolCancel"],
  ["Ctrl Z", "toolUndo"],
  ["Ctrl ⇧ Z", "toolRedo"],
  ["n  N", "toolProblemNext"],
  ["← ↑ → ↓", "toolKeysStep"],
  ["/", "key_search"],
  ["?", "key_help"],
];

export function Help(): JSX.Element | null {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helpOpen.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" onClose={() => (helpOpen.value = false)} aria-label={t("keys")}>
      <header class="card-head">
        <h2>{t("keys")}</h2>
        <button
          type="button"
          class="button quiet only-icon"
          aria-label={t("close")}
          onClick={() => (helpOpen.value = false)}
        >
          <Icon name="close" />
        </button>
      </header>
      <dl class="keys">
        {(shownFace.value?.name === "plan" ? PLAN_KEYS : KEYS).map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
