/**
 * Functions of `Math` under names that minifiers shorten: esbuild replaces every `Math.max` by
 * what stands here (its option `inject`), and leaves what is not listed as it is.
 */
const { abs, ceil, cos, floor, log2, max, min, PI, round, sin } = Math;

export {
  abs as "Math.abs",
  ceil as "Math.ceil",
  cos as "Math.cos",
  floor as "Math.floor",
  log2 as "Math.log2",
  max as "Math.max",
  min as "Math.min",
  PI as "Math.PI",
  round as "Math.round",
  sin as "Math.sin",
};
