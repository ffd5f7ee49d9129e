//! `aloft export RUN --onnx FILE --pytorch DIR --quantize f16|int8`

use crate::{Result, locate, screen::Screen, table::TextTable};
use aloft_spec::text;
use aloft_train::{Exported, Precision, Quantized};
use clap::{ArgGroup, Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["onnx", "pytorch", "quantize"])))]
pub struct Arguments {
    /// A run: its folder, its id, or the beginning of its id
    run: PathBuf,
    /// Write one ONNX graph from the table's columns to predictions
    #[arg(long, value_name = "FILE")]
    onnx: Option<PathBuf>,
    /// Write weights, a description and a program that rebuilds the model in PyTorch
    #[arg(long, value_name = "DIR")]
    pytorch: Option<PathBuf>,
    /// Write a smaller model that `aloft predict` can use, and measure what it loses
    #[arg(long, value_enum)]
    quantize: Option<Kind>,
    /// Where to write the smaller model; a folder within the run when left out
    #[arg(short, long, value_name = "DIR", requires = "quantize")]
    output: Option<PathBuf>,
    /// The project that the run belongs to, when it is named by its id
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Half precision: half the size
    F16,
    /// A byte for each weight and a scale for each output: a quarter of the size
    Int8,
}

/// The document of `--json`.
#[derive(Default, Serialize)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    onnx: Option<Exported>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pytorch: Option<Exported>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantized: Option<Quantized>,
}

impl Arguments {
    pub fn run(self, screen: &Screen) -> Result {
        let run_dir = locate::run_dir(&self.run, &self.project)?;
        let mut document = Document::default();
        if let Some(file) = &self.onnx {
            document.onnx = Some(aloft_train::export_onnx(&run_dir, file)?);
        }
        if let Some(folder) = &self.pytorch {
            document.pytorch = Some(aloft_train::export_pytorch(&run_dir, folder)?);
        }
        if let Some(kind) = self.quantize {
            let precision = match kind {
                Kind::F16 => Precision::F16,
                Kind::Int8 => Precision::Int8,
            };
            let within = || run_dir.join("exports").join(precision.name());
            let folder = self.output.clone().unwrap_or_else(within);
            document.quantized = Some(aloft_train::quantize(&run_dir, precision, &folder)?);
        }
        screen.result(&document, |screen| print(screen, &document));
        Ok(0)
    }
}

fn print(screen: &Screen, document: &Document) {
    let Document {
        onnx,
        pytorch,
        quantized,
    } = document;
    let smaller = quantized.as_ref().map(|quantized| &quantized.exported);
    for exported in [onnx.as_ref(), pytorch.as_ref(), smaller].into_iter().flatten() {
        let size = text::bytes(exported.bytes);
        screen.line(format_args!("wrote {} ({size})", exported.path.display()));
    }
    let Some(quantized) = quantized else {
        return;
    };
    let precision = quantized.precision.name();
    screen.line(format_args!(
        "metrics on the {} part ({}):",
        quantized.split, quantized.extent
    ));
    let mut table = TextTable::new(&["!", ">f32", &format!(">{precision}"), ">difference"]);
    for (name, before) in &quantized.before {
        let Some(after) = quantized.after.get(name) else {
            continue;
        };
        let number = |value: f64| text::significant_digits(value, 4);
        table.row([
            name.clone(),
            number(*before),
            number(*after),
            number(after - before),
        ]);
    }
    for line in table.lines(screen.width()) {
        screen.line(format_args!("  {line}"));
    }
}
