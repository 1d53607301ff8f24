/**
 * The activation at the end of a kernel: x for x > 0, slope·x below. A slope of 1 is none, of 0 ReLU, and so one text serves
 * all three. Declares `leaky(v, slope)` and its derivative `leaky_slope(v, slope)`, which is that of y as well as of v.
 */
export const leaky = (type: string) => `
fn leaky(v: ${type}, slope: f32) -> ${type} { return select(v * slope, v, v > ${type}(0.0)); }
fn leaky_slope(v: ${type}, slope: f32) -> ${type} { return select(${type}(slope), ${type}(1.0), v > ${type}(0.0)); }`;
