import { Linter } from "eslint";
import { describe, expect, test } from "vitest";
import { TEXT_ONLY } from "../eslint.text.js";

const linter = new Linter();

function refused(code: string): boolean {
  const messages = linter.verify(code, {
    languageOptions: { ecmaVersion: 2023, sourceType: "module", parserOptions: { ecmaFeatures: { jsx: true } } },
    rules: { "no-restricted-syntax": ["error", ...TEXT_ONLY] },
  });
  return messages.some(({ ruleId }) => ruleId === "no-restricted-syntax");
}

describe("the guard that keeps strings from becoming HTML", () => {
  test.each([
    'marker.bindPopup("<b>" + name);',
    "layer.bindTooltip(name);",
    "marker.setPopupContent(name);",
    "map.openPopup(name, at);",
    "L.popup({});",
    "element.innerHTML = name;",
    "element.outerHTML += name;",
    "frame.srcdoc = name;",
    'element.insertAdjacentHTML("beforeend", name);',
    "document.write(name);",
    "const a = <p dangerouslySetInnerHTML={{ __html: name }} />;",
    'L.divIcon({ className: "a", html: name });',
  ])("refuses %s", (code) => {
    expect(refused(code)).toBe(true);
  });

  test.each(["element.textContent = name;", "const a = <p>{name}</p>;", 'L.divIcon({ className: "a" });'])(
    "allows %s",
    (code) => {
      expect(refused(code)).toBe(false);
    },
  );
});
