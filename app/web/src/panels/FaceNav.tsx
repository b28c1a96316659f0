/** From face to face: words in the top bar, a bar for the thumb on a phone. */
import type { JSX } from "preact";
import { openFaces, shownFace, type Face } from "../faces";
import { t } from "../i18n";
import { startReport } from "../state/actions";
import { goFace } from "../state/face";
import { goArea } from "../state/navigate";
import { activeGrant, may } from "../state/session";
import { mode, sheet } from "../state/store";
import { Icon } from "../ui/icons";

export function FaceNav(): JSX.Element | null {
  const faces = openFaces.value;
  if (faces.length < 2 || mode.value === "wall") return null;
  return (
    <nav class="face-nav" aria-label={t("faces")}>
      {faces
        .filter(({ place }) => place === "bar")
        .map((face) => (
          <FaceButton key={face.name} face={face} />
        ))}
      <More faces={faces.filter(({ place }) => place === "more")} />
    </nav>
  );
}

function isShown(face: Face): boolean {
  return (shownFace.value?.name ?? "watch") === face.name;
}

function FaceButton({ face, icon = false }: { face: Face; icon?: boolean }): JSX.Element {
  return (
    <button
      type="button"
      class="face-button"
      data-face={face.name}
      aria-current={isShown(face) ? "page" : undefined}
      onClick={() => goFace(face.name)}
    >
      {icon ? <Icon name={face.icon} /> : null}
      <span>{t(face.titleKey)}</span>
    </button>
  );
}

/** What is opened less often, in a menu that bears the name of the one that is open. */
function More({ faces, icon = false }: { faces: readonly Face[]; icon?: boolean }): JSX.Element | null {
  if (faces.length === 0) return null;
  const shown = faces.find(isShown);
  return (
    <details class="face-more" onKeyDown={closeOnEscape} onFocusOut={closeOnLeave}>
      <summary class={`face-button ${shown ? "shown" : ""}`}>
        {icon ? <Icon name={shown?.icon ?? "more"} /> : null}
        <span>{t(shown?.titleKey ?? "faceMore")}</span>
        {icon ? null : <Icon name="down" />}
      </summary>
      <div class="menu">
        {faces.map((face) => (
          <button
            key={face.name}
            type="button"
            data-face={face.name}
            aria-current={isShown(face) ? "page" : undefined}
            onClick={(event) => {
              event.currentTarget.closest("details")?.removeAttribute("open");
              goFace(face.name);
            }}
          >
            <Icon name={face.icon} />
            {t(face.titleKey)}
          </button>
        ))}
      </div>
    </details>
  );
}

const FIRST_ON_PHONE = 2;

/** For the thumb: the map and my tasks, the report in the middle, the rest in a menu. */
export function PhoneNav(): JSX.Element | null {
  if (mode.value === "wall") return null;
  const faces = openFaces.value;
  return (
    <nav class="phone-nav" aria-label={t("faces")}>
      {faces.slice(0, FIRST_ON_PHONE).map((face) => (
        <FaceButton key={face.name} face={face} icon />
      ))}
      {may("report_incident") ? (
        <button type="button" class="face-button report-button" onClick={startReport}>
          <Icon name="pin" />
          <span>{t("report")}</span>
        </button>
      ) : null}
      <button type="button" class="face-button" onClick={showDuty}>
        <Icon name="duty" />
        <span>{t("onDuty")}</span>
      </button>
      <More faces={faces.slice(FIRST_ON_PHONE)} icon />
    </nav>
  );
}

/** Who stands by in the area of one's own grant: its card. */
function showDuty(): void {
  const code = activeGrant()?.area.code;
  if (code === undefined) return;
  void goArea(code, { fly: true }).then(() => (sheet.value = "full"));
}

function closeOnEscape(event: KeyboardEvent & { currentTarget: HTMLDetailsElement }): void {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.stopPropagation();
  event.currentTarget.open = false;
  event.currentTarget.querySelector("summary")?.focus();
}

function closeOnLeave(event: FocusEvent & { currentTarget: HTMLDetailsElement }): void {
  if (!event.currentTarget.contains(event.relatedTarget as Node | null)) event.currentTarget.open = false;
}
