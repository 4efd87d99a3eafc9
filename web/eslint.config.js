import js from "@eslint/js";
import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

export default defineConfig(
  globalIgnores(["dist", "src/api/schema.d.ts"]),
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [
      ts.configs.strictTypeChecked,
      hooks.configs.flat.recommended,
      a11y.flatConfigs.recommended,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // A number in a text is meant to be one.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // A handler may start what it does not wait for.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/only-throw-error": "off",
    },
  },
  {
    files: ["script/**", "public/**", "*.js"],
    languageOptions: {
      globals: {
        console: false,
        document: false,
        localStorage: false,
        matchMedia: false,
        process: false,
        URL: false,
      },
    },
  },
);
