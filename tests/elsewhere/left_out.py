"""The unit tests that say nothing about another system, each group with why."""

ELSEWHERE = {
    "what opens a screen is never missing a display there, and has another installer": (
        "wall/test_wall_opens.py::test_the_page_is_told_when_nothing_can_be_shown",
        "virtualbox/test_virtualbox_calls.py::test_a_window_takes_a_display",
        "test_viewer.py::test_nothing_without_a_screen",
        "test_viewer.py::test_why_nothing_is_shown",
        "test_viewer.py::test_open_names_the_missing_package",
    ),
    "XDG's folder for sockets, and platformdirs' own way to a home": (
        "test_places.py::test_a_folder_that_others_may_enter_is_not_used",
        "test_places.py::test_nobody_has_a_home",
    ),
    "it is about all systems": ("test_install_lines.py",),
    "Debian's services of this host": ("test_advisories.py::test_doctor_tells_it",),
}
"""On macOS and on Windows."""

WINDOWS = {
    "it has no Unix sockets": (
        "wall/test_wall_tabs.py",
        "test_places.py::test_the_session_s_folder",
        "test_browser.py::test_nothing_worth_knowing_is_an_argument",
        "test_browser.py::test_what_a_killed_look_has_left_is_pruned",
    ),
    "its files have no modes": ("test_private_files.py",),
    "its users have no numbers, and sockets no owner": (
        "test_launch.py::test_a_root_that_nobody_can_show_is_refused",
        "test_readiness.py::test_no_password_for_who_listens_in_an_instances_place",
    ),
    "its locks have files of their own": (
        "download/test_download.py::test_what_a_killed_process_left_can_be_found_and_removed",
        "test_scratch.py::test_what_is_held_stays_and_what_is_left_goes",
    ),
    "it has no /etc, and its own memory's facts": (
        "test_profile.py::test_folders_are_searched_in_the_designs_order",
        "test_host.py::test_plenty_is_twice_what_is_wanted",
    ),
    "VirtualBox's driver is a Linux module": (
        "virtualbox/test_virtualbox_calls.py::test_why_it_did_not_start",
    ),
    "a thread waits for whoever holds a pipe": (
        "test_screen.py::test_a_command_whose_child_holds_its_output",
    ),
    "it has no SIGHUP": (
        "test_cancelled_commands.py::test_a_launch_does_not_wait_for_an_engine_that_hangs[1-",
        "test_interrupts.py::test_the_first_signal_lets_the_work_undo[1]",
        "test_interrupts.py::test_the_second_signal_leaves_and_says_what_may_be_left[1]",
        "test_interrupts.py::test_what_is_ignored_stays_ignored",
    ),
    "it copies nothing": ("test_homes.py",),
}
"""On Windows alone."""

NOT_A_PART = (
    "test_artifact_iso.py", "test_contract_evidence.py", "test_contract_lies.py", "test_kit.py",
    "test_tree.py",
)  # fmt: skip
"""Building ISOs, the contract's own tests and the tree are Linux' business."""


def is_left_out(nodeid: str, system: str) -> bool:
    """Say whether a test is left out on "win32" or "darwin"."""
    groups = [*ELSEWHERE.values(), *(WINDOWS.values() if system == "win32" else ())]
    names = [name for group in groups for name in group]
    return nodeid.startswith(tuple(f"tests/unit/{name}" for name in (*names, *NOT_A_PART)))
