"""`pull` and `build`: having here what is to be launched."""

from functools import partial

from abcd_run import build as building
from abcd_run import planner, recipe, report, settings, target
from abcd_run.artifact import obtain
from abcd_run.cancel import heeding
from abcd_run.catalogue import Catalogue
from abcd_run.commands import options
from abcd_run.errors import ArtifactError
from abcd_run.fleet import Fleet
from abcd_run.model import Kind, Stage
from abcd_run.profile import Profile
from abcd_run.progress import progress
from abcd_run.registry import Registry
from abcd_run.request import Request


def pull(
    *,
    image: options.Image,
    on: options.Runtimes = None,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Fetch or build IMAGE now, so that a launch finds it here.

    \b
    abcd-run pull abcd4demo
    abcd-run pull --on docker docker.io/library/nginx:latest
    """
    asked = options.split(on)
    defaults = settings.load()
    with Fleet(defaults.registry()) as fleet:
        request = Request(image, on=asked or defaults.on)
        planned = planner.plan(request, target.resolve(request, Catalogue.usual(profiles)), fleet)
        shown = progress(quiet=quiet)
        fetched = []
        try:
            for plan in planned.plans:
                where = f"{plan.variant} on {plan.runtime}"

                say = heeding(partial(shown.say, where))
                artifact = obtain(plan, fleet, say=say)
                found = fleet.runtime(plan.runtime).provide(artifact, pull="missing", say=say)
                shown.stage(where, Stage.FETCHED)
                fetched.append({"variant": plan.variant, "runtime": plan.runtime, "id": found})
        finally:
            shown.close()
    if as_json:
        errors = [report.error(failure) for failure in planned.failures]
        report.print_json({"pulled": fetched, "errors": errors})
    elif not quiet:
        for one in fetched:
            report.print_facts(f"{one['variant']} is here for {one['runtime']}", {"id": one["id"]})
    return 1 if planned.failures else 0


def build(
    *,
    image: options.Image,
    profiles: options.Profiles = None,
    as_json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Build IMAGE or one of its variants from its recipe.

    \b
    abcd-run build abcd4demo
    abcd-run build abcdic4demo
    """
    wanted = target.resolve(Request(image), Catalogue.usual(profiles))
    kinds = tuple(variant.kind for variant in wanted.variants)
    shown = progress(quiet=quiet)

    say = heeding(partial(shown.say, wanted.profile.name))
    with Fleet(Registry.installed()) as fleet:
        try:
            names = building.build(
                wanted.profile, _with_recipe(wanted.profile, kinds), fleet, say=say
            )
        finally:
            shown.close()
    if as_json:
        report.print_json({"built": names, "errors": []})
    else:
        report.print_facts(f"built {', '.join(names)}", {"launch": f"abcd-run {image}"})
    return 0


def _with_recipe(profile: Profile, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    folder = profile.recipe
    found = tuple(kind for kind in kinds if recipe.has(folder, kind))
    if folder and not found:
        raise ArtifactError(
            f"the recipe of {profile.name} has no variant {', '.join(kinds)}",
            remedy=f"add {folder / kinds[0]}/Containerfile",
        )
    return found
