import { expect, test } from "vitest";
import { fileName } from "../src/api/download";

test.each([
  ['attachment; filename="incidents-20261123-1607.csv"', "incidents-20261123-1607.csv"],
  ['attachment; filename="../../etc/passwd"', "download"],
  ["attachment", "download"],
  ["", "download"],
])("the name of a file: %s", (disposition, name) => {
  expect(fileName(disposition)).toBe(name);
});
