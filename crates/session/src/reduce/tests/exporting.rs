//! Models to files.

use super::*;

#[test]
fn a_model_goes_to_a_file_and_the_user_is_told() {
    let mut bench = Bench::new(NOTEBOOK, None);
    let path = PathBuf::from("/tmp/model.onnx");
    let effects = bench.operate(Operation::ExportModel {
        run: "20260101-000000-model-abcdef".into(),
        path: path.clone(),
    });
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::ExportModel { run_dir, path } => Some((run_dir.clone(), path.clone())),
        _ => None,
    });
    let (run_dir, file) = asked.unwrap();
    assert!(run_dir.ends_with("runs/20260101-000000-model-abcdef") && file == path);
    bench.send(Message::Exported { path });
    let notice = bench.state.notices.last().unwrap();
    assert!(notice.good && notice.message.contains("/tmp/model.onnx"));
    bench.send(Message::Failed(Problem::new(
        Code::Unsupported,
        "the model has the op `x`",
    )));
    assert!(!bench.state.notices.last().unwrap().good);
}
