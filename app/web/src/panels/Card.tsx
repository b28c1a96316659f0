/** The frame of every card: it opens over the list, never over the map. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { select } from "../state/actions";
import { Icon } from "../ui/icons";

export function Card({
  title,
  lead,
  foot,
  children,
  onClose,
}: {
  title: string;
  lead?: ComponentChildren;
  /** stays in sight below what scrolls */
  foot?: ComponentChildren;
  children: ComponentChildren;
  onClose?: () => void;
}): JSX.Element {
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    body.current?.scrollTo({ top: 0 });
  }, [title]);
  return (
    <section class="card" aria-label={title}>
      <header class="card-head">
        <div class="card-titles">
          {lead ? <div class="card-lead">{lead}</div> : null}
          <h2>{title}</h2>
        </div>
        <button
          type="button"
          class="button quiet only-icon"
          aria-label={t("close")}
          title={`${t("close")} (Esc)`}
          onClick={onClose ?? (() => select(null))}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="card-body" ref={body}>
        {children}
      </div>
      {foot}
    </section>
  );
}

export function Field({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="field-row">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
