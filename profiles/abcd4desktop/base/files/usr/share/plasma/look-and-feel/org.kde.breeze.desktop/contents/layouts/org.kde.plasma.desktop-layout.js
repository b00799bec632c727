// The desktop of somebody who is here for the first time: Plasma's own panel, with this image's
// programs in the task bar. The wallpaper is the theme's: which desktops there are is not known yet on
// a slow machine.
loadTemplate("org.kde.plasma.desktop.defaultPanel")

var launchers = ["org.kde.dolphin", "firefox-esr", "org.kde.konsole", "org.kde.kate"]
panels().forEach(function (panel) {
    panel.widgets("org.kde.plasma.icontasks").forEach(function (tasks) {
        tasks.currentConfigGroup = ["General"]
        tasks.writeConfig("launchers", launchers.map(function (name) {
            return "applications:" + name + ".desktop"
        }))
    })
})
