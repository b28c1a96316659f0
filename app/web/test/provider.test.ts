import { describe, expect, it } from "vitest";
import { refusalIn } from "../src/state/provider";

describe("what came of signing in at a provider", () => {
  it("knows the server's words and no others", () => {
    expect(refusalIn("?oidc=no-account")).toBe("no-account");
    expect(refusalIn("?mode=wall&oidc=expired")).toBe("expired");
    for (const other of ["", "?oidc=", "?oidc=<b>", "?oidc=constructor", "?face=cases"])
      expect(refusalIn(other)).toBeNull();
  });
});
