import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** From the lightest to the darkest; 7 is the accent on light ground, 4 on dark. */
const leaf: MantineColorsTuple = [
  "#E3F3ED",
  "#C8E8DC",
  "#9BD6BF",
  "#6CC5A3",
  "#3CC79A",
  "#1F9F78",
  "#118766",
  "#0B7A5B",
  "#086349",
  "#064B38",
];

export const theme = createTheme({
  colors: { leaf },
  primaryColor: "leaf",
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "16px", sm: "20px", md: "20px", lg: "24px", xl: "28px" },
  defaultRadius: "6px",
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" } },
    TextInput: { defaultProps: { size: "sm", radius: "8px" } },
    PasswordInput: { defaultProps: { size: "sm", radius: "8px" } },
    Modal: { defaultProps: { centered: true, radius: "12px" } },
  },
});
