/** District / street / community / cell as links. */
import type { JSX } from "preact";
import type { ChainLink } from "../api/types";
import { named } from "../i18n";
import { cellNumber } from "../state/codes";
import { goArea } from "../state/navigate";

export function Chain({ links }: { links: readonly ChainLink[] }): JSX.Element {
  return (
    <span class="chain">
      {links
        .filter((link) => link.level !== "city")
        .map((link, i) => (
          <span key={link.code}>
            {i > 0 ? <span class="chain-sep">/</span> : null}
            <button type="button" class="link" onClick={() => void goArea(link.code, { fly: true })}>
              {link.level === "cell" ? cellNumber(link.code) : named(link)}
            </button>
          </span>
        ))}
    </span>
  );
}
