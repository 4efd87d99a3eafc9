import { useTranslation } from "react-i18next";
import { useProfile } from "../../session/useSession";

export function HomePage() {
  const { t } = useTranslation();
  const { data } = useProfile();
  return <h1>{data && t("home.title", { name: data.user.name })}</h1>;
}
