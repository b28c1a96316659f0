import tseslint from "typescript-eslint";
import { TEXT_ONLY } from "./eslint.text.js";

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.ts"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js", "eslint.text.js"] } },
    },
    rules: {
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "no-eval": "error",
      "no-implied-eval": "error",
      eqeqeq: "error",
      "no-restricted-syntax": ["error", ...TEXT_ONLY],
    },
  },
  { files: ["eslint.config.js", "eslint.text.js"], ...tseslint.configs.disableTypeChecked },
);
