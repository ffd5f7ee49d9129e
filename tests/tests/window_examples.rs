//! The real window as a new user meets it: an example is opened and run by keyboard alone, and a window that is killed
//! in the middle of a run finds it again.

use aloft_tests::{Desktop, end, wait};
use serde_json::Value;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

/// The runs of a project as the command line lists them.
fn runs(desktop: &Desktop, project: &Path) -> Vec<Value> {
    let ran = desktop
        .lab
        .run(["runs".as_ref(), project.as_os_str(), "--json".as_ref()]);
    ran.expect_code(0);
    let document = ran.json();
    let list = document.get("runs").unwrap_or(&document);
    list.as_array().cloned().unwrap_or_default()
}

/// The metrics of the first run that is done.
fn done(desktop: &Desktop, project: &Path) -> Option<Value> {
    let runs = runs(desktop, project);
    runs.iter()
        .find(|run| run["status"] == "done")
        .map(|run| run["metrics"].clone())
}

#[test]
fn an_example_opens_and_runs_by_keyboard_as_it_does_on_the_command_line() {
    let desktop = Desktop::new();
    let mut program = desktop.launch(&[]);
    let window = desktop.window("Aloft");
    wait("a painted welcome screen", || {
        (desktop.colors(&window) > 40).then_some(())
    });

    // The palette knows the examples.
    let by_name = || {
        desktop.press(&window, &["Escape", "ctrl+shift+p"]);
        std::thread::sleep(Duration::from_millis(400));
        desktop.type_text(&window, "penguin");
        std::thread::sleep(Duration::from_millis(400));
        desktop.press(&window, &["Return"]);
    };
    let window = desktop.until("an open example", by_name, || desktop.find("Penguins"));
    let project = desktop.lab.path("home/Aloft/penguins");

    let run_all = || desktop.press(&window, &["ctrl+shift+Return"]);
    desktop.until("a run", run_all, || {
        (!runs(&desktop, &project).is_empty()).then_some(())
    });
    let in_window = wait("a finished run", || done(&desktop, &project));
    wait("tables, charts and curves", || {
        (desktop.colors(&window) > 200).then_some(())
    });

    let elsewhere = desktop.lab.example("penguins");
    desktop
        .lab
        .run(["run".as_ref(), elsewhere.as_os_str()])
        .expect_code(0);
    let on_command_line = done(&desktop, &elsewhere).expect("a finished run");
    assert_eq!(in_window, on_command_line, "the same metrics to the last digit");
    let accuracy = in_window["test"]["accuracy"].as_f64().expect("an accuracy");
    let base_rate = in_window["test"]["base_rate_accuracy"]
        .as_f64()
        .expect("a base rate");
    assert!(accuracy > base_rate + 0.3, "{accuracy} against {base_rate}");

    desktop.press(&window, &["alt+F4"]);
    let (code, errors) = end(&mut program);
    assert_eq!(code, Some(0), "{errors}");
}

#[test]
fn a_killed_window_leaves_the_run_alive_and_finds_it_again() {
    let desktop = Desktop::new();
    let project = desktop.lab.example("penguins");
    let notebook = project.join("notebooks/species.aloft.md");
    // Long enough to be killed, closed and stopped in the middle, and never stopped early.
    let text = std::fs::read_to_string(&notebook).expect("the example's notebook");
    let long = text.replace("epochs = 60\npatience = 15", "epochs = 1_000_000\npatience = 0");
    assert_ne!(long, text, "the example trains as this test knows it");
    std::fs::write(&notebook, long).expect("it is written");
    let folder = project.to_str().expect("UTF-8");
    let status = |wanted: &'static str| {
        wait(&format!("a run that is {wanted}"), || {
            runs(&desktop, &project)
                .iter()
                .any(|run| run["status"] == wanted)
                .then_some(())
        });
    };

    let mut program = desktop.launch(&[folder]);
    let window = desktop.window("Penguins");
    wait("a painted window", || {
        (desktop.colors(&window) > 40).then_some(())
    });
    let run_all = || desktop.press(&window, &["ctrl+shift+Return"]);
    desktop.until("a run", run_all, || {
        (!runs(&desktop, &project).is_empty()).then_some(())
    });
    status("running");
    kill(&mut program);
    status("running");

    // The window that is started now shows the run, so that closing it asks; "keep running" is the answer that loses
    // nothing, and has the focus.
    let mut program = desktop.launch(&[folder]);
    let window = desktop.window("Penguins");
    wait("a painted window", || {
        (desktop.colors(&window) > 40).then_some(())
    });
    std::thread::sleep(Duration::from_secs(2));
    desktop.press(&window, &["alt+F4"]);
    std::thread::sleep(Duration::from_secs(1));
    assert!(
        program.try_wait().expect("a child").is_none(),
        "closing with a run going on asks"
    );
    desktop.press(&window, &["Return"]);
    let (code, errors) = end(&mut program);
    assert_eq!(code, Some(0), "{errors}");
    status("running");

    let run = runs(&desktop, &project)[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    std::fs::write(project.join("runs").join(run).join("stop"), "").expect("the run is asked to stop");
    status("stopped");
}

fn kill(program: &mut Child) {
    let killed = program.kill().and_then(|()| program.wait());
    assert!(killed.is_ok(), "kill -9: {killed:?}");
}
