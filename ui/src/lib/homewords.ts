// Words of the home screen for what comes as a code.
import type { Level, Standing } from "./assets";
import { t } from "./language.svelte";

export function standingWord(stand: Standing): string {
  switch (stand) {
    case "low": return t("below its normal range");
    case "high": return t("above its normal range");
    case "low-low": return t("far below its normal range");
    case "high-high": return t("far above its normal range");
    case "unknown": return t("not known");
    case "normal": return t("normal");
  }
}

export function levelWord(level: Level): string {
  switch (level) {
    case "enterprise": return t("Enterprise");
    case "site": return t("Site");
    case "area": return t("Area");
    case "line": return t("Line");
    case "machine": return t("Machine");
  }
}
