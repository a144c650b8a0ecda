() => {
  const found = [];
  const channels = text => (text.match(/[\d.]+/g) || []).map(Number);
  const over = (top, below) => {
    const a = top.length > 3 ? top[3] : 1;
    return [0, 1, 2].map(i => a * top[i] + (1 - a) * below[i]);
  };
  const luminance = color => {
    const [r, g, b] = color.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = element => {
    const chain = [];
    for (let at = element; at; at = at.parentElement) chain.push(channels(getComputedStyle(at).backgroundColor));
    return chain.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const isShown = element => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({opacityProperty: true, visibilityProperty: true}) && box.width > 1 && box.height > 1;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !isShown(element) || element.closest('svg, canvas, style, script, noscript, [aria-hidden="true"], [data-testid="stIconMaterial"]')) continue;
    if (element.closest(':disabled, [aria-disabled="true"]')) continue;
    const style = getComputedStyle(element), behind = background(element);
    const [light, dark] = [luminance(over(channels(style.color), behind)), luminance(behind)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05), size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
  }
  for (const control of document.querySelectorAll('input, select, textarea, button, a[href], [role="button"], [role="combobox"]')) {
    if (!isShown(control) || control.closest('[aria-hidden="true"]')) continue;
    const labels = [...(control.labels || [])].map(label => label.textContent).join(' ');
    const named = (control.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id)?.textContent || '').join(' ');
    const name = [control.getAttribute('aria-label'), named, labels, control.title, control.textContent, control.placeholder].join(' ').trim();
    if (!name) found.push(`no name: ${control.outerHTML.slice(0, 120)}`);
  }
  const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(isShown).map(one => Number(one.tagName[1]));
  if (levels[0] !== 1) found.push(`the first heading is h${levels[0]}`);
  if (!document.documentElement.lang) found.push('the page does not say its language');
  return found;
}
