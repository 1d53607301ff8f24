/** Seeing: what a run and a network looked at. Runs in Node and in a browser. */

export { type ChartPictureOptions, drawCharts } from './drawing/chart-picture.js';
export { type ContactRow, drawContactSheet } from './drawing/contact-sheet.js';
export { drawFrameStrip, drawFrames, type FrameStripOptions, type LookedFrame } from './drawing/frame-strip.js';
export { type HeatMap, type HeatRange, type OverlayOptions, overlayHeatmap } from './drawing/heatmap.js';
export { drawHeatmapGrid, type HeatmapGridOptions, type HeatmapRow } from './drawing/heatmap-grid.js';
export { OVERLAY_STYLES, type OverlayStyle, overlayInStyle, type StyledOverlay } from './drawing/overlay-style.js';
export {
  drawRanks,
  type RankPictureItem,
  type RankPictureOptions,
  type RankPictureRow,
} from './drawing/rank-picture.js';
export { drawScatters } from './drawing/scatter-picture.js';
export { type Pca, type PointRows, pca } from './embedding/pca.js';
export { type TsneMap, type TsneOptions, type TsneProgress, tsne } from './embedding/tsne.js';
export { curvesOf, type LoggedLine } from './evidence/curves.js';
export { type Evidence, evidenceOf } from './evidence/evidence.js';
export { type LookColumn, type RecordLookOptions, recordLooks } from './evidence/record-looks.js';
export { type RowMapOptions, type RowMaps, rowMaps } from './evidence/row-maps.js';
export { activationMaps } from './looking/activation-map.js';
export { type AttentionMapOptions, attentionMaps } from './looking/attention-map.js';
export { type Call, captureCalls, captureOutput } from './looking/capture.js';
export { type FGReIDLook, fgreidAttention, fgreidLooks } from './looking/fgreid-attention.js';
export { classScore, type GradCamOptions, gradCam, similarityScore } from './looking/grad-cam.js';
export { attentionLayers, lastMapLayer, type NamedLayer } from './looking/map-layer.js';
export { type EmbeddedPicture, embed } from './page/picture.js';
export { type HeatTable, heatTable } from './plot/heat-table.js';
export { type Histogram, histogramChart } from './plot/histogram.js';
export { type LineChart, lineChart, type Series } from './plot/line-chart.js';
export { type ChartLine, type ChartPoint, type PointChart, pointChart, type Tone } from './plot/point-chart.js';
export { type Scatter, type ScatterPoint, scatterChart } from './plot/scatter.js';
export { renderReport } from './render.js';
export type { ReportData } from './report-data.js';
export type { EventHistogram, EventImage, EventValue, TensorboardEvent } from './tensorboard/event.js';
export { eventHistogram, eventImage, eventRecord, readEvents, scalarsOf } from './tensorboard/tensorboard.js';
