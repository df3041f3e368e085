// Draws what {% chart %} describes. Colours, grid and tip are ours; nothing needs an inline style.
(() => {
  const INK = "#1d2939", MUTED = "#5d6778", LINE = "#e4e7ec";
  const COLOURS = ["#3f6fe0", "#e0973f", "#8a7fd6", "#3f9d7c", "#98a2b3", "#c2514a"];
  const FONT = getComputedStyle(document.documentElement).getPropertyValue("--tblr-font-sans-serif");

  const text = (tag, words) => { const node = document.createElement(tag); node.textContent = words; return node; };
  const shown = (value) => (value === null || value === undefined ? "—" : String(value));

  // The tip is built from nodes: markup with style attributes would be refused.
  const tip = (spec) => (points) => {
    const box = document.createElement("div");
    box.className = "chart-tip";
    box.append(text("b", points[0].name));
    points.forEach((point) => {
      const series = spec.series[point.seriesIndex];
      const line = text("span", point.seriesName);
      line.append(text("strong", `${shown(series.values[point.dataIndex])} ${series.unit || spec.unit || ""}`));
      box.append(line);
    });
    return box;
  };

  // The pale series is what the others are compared with; it takes no colour of its own.
  const colour = (spec, i) => COLOURS[spec.series.slice(0, i).filter((one) => !one.pale).length % COLOURS.length];

  const series = (spec) => spec.series.map((one, i) => {
    const line = (one.kind || spec.kind) === "line";
    return {
      name: one.name,
      type: line ? "line" : "bar",
      data: one.values.map((value) => (value === null ? null : Number(value))),
      [spec.horizontal ? "xAxisIndex" : "yAxisIndex"]: one.axis || 0,
      stack: spec.stacked && !line ? "all" : undefined,
      barMaxWidth: 26,
      symbol: "circle",
      symbolSize: 5,
      lineStyle: { width: 2, type: one.dashed ? "dashed" : "solid" },
      itemStyle: { color: one.pale ? "#c9d6f8" : colour(spec, i), borderRadius: line || spec.stacked ? 0 : spec.horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      emphasis: { disabled: true },
      z: line ? 3 : 2,
    };
  });

  const option = (spec) => {
    const names = { type: "category", data: spec.categories, inverse: Boolean(spec.horizontal), axisTick: { show: false }, axisLine: { lineStyle: { color: LINE } }, axisLabel: { color: MUTED, fontSize: 12, hideOverlap: true } };
    const units = [...new Set(spec.series.map((one) => one.axis || 0))].sort();
    const amounts = units.map((axis) => ({
      type: "value",
      name: (spec.series.find((one) => (one.axis || 0) === axis) || {}).unit || spec.unit || "",
      nameTextStyle: { color: MUTED, fontSize: 12, align: axis ? "right" : "left" },
      axisLabel: { color: MUTED, fontSize: 12 },
      splitLine: { show: !axis, lineStyle: { color: "#eef0f3" } },
    }));
    return {
      animation: false,
      textStyle: { fontFamily: FONT, color: INK },
      grid: { left: spec.horizontal ? 10 : 4, right: spec.horizontal ? 40 : 24, top: spec.series.length > 1 ? 44 : 30, bottom: 2, containLabel: true },
      legend: spec.series.length > 1 ? { left: 60, top: 0, itemWidth: 12, itemHeight: 8, icon: "roundRect", textStyle: { color: MUTED, fontSize: 12 } } : undefined,
      tooltip: { trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: "rgba(31,79,216,.05)" } }, formatter: tip(spec), borderColor: "#c3c9d3", borderWidth: 1, padding: [8, 12], extraCssText: "box-shadow:none;border-radius:8px;", transitionDuration: 0 },
      xAxis: spec.horizontal ? amounts : names,
      yAxis: spec.horizontal ? names : amounts,
      series: series(spec),
    };
  };

  const draw = (root) => root.querySelectorAll("[data-chart]:not([data-drawn])").forEach((box) => {
    const source = document.getElementById(box.dataset.chart);
    if (!source || !window.echarts) return;
    box.dataset.drawn = "1";
    const spec = JSON.parse(source.textContent);
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(option(spec));
    if (spec.links) {
      chart.on("click", (point) => { if (spec.links[point.dataIndex]) location.href = spec.links[point.dataIndex]; });
    }
    new ResizeObserver(() => chart.resize()).observe(box);
  });

  document.addEventListener("DOMContentLoaded", () => draw(document));
  document.addEventListener("htmx:load", (event) => draw(event.target));
})();
