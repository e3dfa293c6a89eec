/** Prints as JSON what scan-chart makes of a chart's folder and of its two files. */
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { parseChartFile, scanChartFolder } = require("scan-chart");

const folder = process.argv[2];
const files = readdirSync(folder).map((fileName) => ({
  fileName,
  data: new Uint8Array(readFileSync(join(folder, fileName))),
}));
const parsed = (format) => {
  const file = files.find(({ fileName }) => fileName === `notes.${format}`);
  return file && parseChartFile(file.data, format, { pro_drums: true });
};
process.stdout.write(
  JSON.stringify({
    scanned: scanChartFolder(files, { includeMd5: false }),
    chart: parsed("chart"),
    mid: parsed("mid"),
  }),
);
