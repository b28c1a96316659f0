/** A text of the page, with the server's own words small beside it. */
import type { JSX } from "preact";
import type { Said } from "./refusal";

export function Told({ said }: { said: Said | string }): JSX.Element {
  if (typeof said === "string") return <>{said}</>;
  return (
    <>
      {said.text}
      {said.detail ? (
        <small class="server-says" lang="en">
          {said.detail}
        </small>
      ) : null}
    </>
  );
}
