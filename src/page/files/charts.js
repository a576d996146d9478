/** Draws the charts of a page with uPlot; page.js says when. */
(() => {
  'use strict';
  let charts = [];

  const COLORS = ['--s1', '--s2', '--s3', '--s4', '--s5', '--s6', '--s7'];

  /** Draws limits across the whole width of each place, also where one day is all there is. */
  function drawLimits({ ctx, bbox, valToPos }, limits, color) {
    const pixels = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = color;
    ctx.lineWidth = 2 * pixels;
    ctx.setLineDash([8 * pixels, 5 * pixels]);
    const right = bbox.left + bbox.width;
    for (const { values } of limits) {
      ctx.beginPath();
      values.forEach((value, at) => {
        if (value === null) return;
        const y = valToPos(value, 'y', true);
        // The first and the last place reach to the borders.
        const from = at === 0 ? bbox.left : valToPos(at - 0.5, 'x', true);
        const to = at === values.length - 1 ? right : valToPos(at + 0.5, 'x', true);
        if (at === 0 || values[at - 1] !== value) ctx.moveTo(from, y);
        ctx.lineTo(to, y);
      });
      ctx.stroke();
    }
    ctx.restore();
  }

  function drawCharts(root) {
    if (typeof uPlot === 'undefined') return;
    for (const figure of root.querySelectorAll('[data-chart]')) {
      const data = JSON.parse(figure.dataset.chart);
      const style = getComputedStyle(document.documentElement);
      const color = (at) => style.getPropertyValue(COLORS[at % COLORS.length]).trim();
      const ink = style.getPropertyValue('--ink-soft').trim();
      const line = style.getPropertyValue('--line').trim();
      const xs = data.labels.map((_, at) => at);
      // Stacked: each series is drawn up to the sum of those below it, the highest one first.
      const stacked = [];
      data.series.forEach(({ values }, at) => {
        stacked.push(values.map((value, x) => value + (at === 0 ? 0 : stacked[at - 1][x])));
      });
      const places = data.series.map((_, at) => at).toReversed();
      const limits = data.limits ?? [];
      const limitColor = style.getPropertyValue('--bad').trim();
      const bars = uPlot.paths.bars({ size: [0.7, 60] });
      const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
      const chart = new uPlot(
        {
          width: Math.max(280, figure.clientWidth),
          height: 240,
          cursor: { y: false },
          scales: {
            x: { time: false, range: [-0.6, data.labels.length - 0.4] },
            y: { range: (_, _low, high) => [0, high * 1.05 || 1] },
          },
          axes: [
            { ...axis, values: (_, ticks) => ticks.map((tick) => data.labels[tick]?.slice(5) ?? '') },
            { ...axis, size: 60 },
          ],
          series: [
            { label: data.axis, value: (_, at) => data.labels[at] ?? '' },
            ...places.map((at) => ({
              label: data.series[at].label,
              fill: color(at),
              stroke: color(at),
              width: 0,
              paths: bars,
              points: { show: false },
              value: (_, _sum, __, x) => (x === null ? '' : String(data.series[at].values[x])),
            })),
            ...limits.map(({ label, values }) => ({
              label,
              stroke: limitColor,
              width: 2,
              dash: [8, 5],
              paths: () => null,
              points: { show: false },
              value: (_, _value, __, x) => (x === null ? '' : String(values[x] ?? '–')),
            })),
          ],
          hooks: { draw: [(drawn) => drawLimits(drawn, limits, limitColor)] },
        },
        [xs, ...places.map((at) => stacked[at]), ...limits.map(({ values }) => values)],
        figure,
      );
      charts.push({ chart, figure });
    }
  }

  function dropCharts(root) {
    charts = charts.filter(({ chart, figure }) => {
      if (!root.contains(figure)) return true;
      chart.destroy();
      return false;
    });
  }

  addEventListener('resize', () => {
    for (const { chart, figure } of charts)
      chart.setSize({ width: Math.max(280, figure.clientWidth), height: 240 });
  });

  globalThis.pageCharts = { draw: drawCharts, drop: dropCharts };
})();
