import { defineConfig } from "vitest/config";

// Nothing here waits for anything: only a busy machine takes long.
export default defineConfig({ test: { include: ["test/**/*.test.ts"], testTimeout: 120_000 } });
