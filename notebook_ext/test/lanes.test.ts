import { expect, it } from "vitest";
import { byFamily } from "../src/core/drums";

it("puts finer drums right after their coarse ones", () => {
  const lanes = ["KD", "SD", "HH", "TT", "CY", "OT", "CHH", "OHH", "HIT", "RDC", "CRC", "SST"];
  expect(byFamily(lanes).join(" ")).toBe("KD SD HH CHH OHH TT HIT CY RDC CRC OT SST");
  // A model's own order of the coarse drums stays, and a kind may come without its drum.
  expect(byFamily(["HH", "KD", "LFT", "OHH", "HIT", "PHH"]).join(" ")).toBe(
    "HH PHH OHH KD HIT LFT",
  );
});
