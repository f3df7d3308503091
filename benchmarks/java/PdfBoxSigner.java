import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Calendar;
import java.util.HashMap;
import java.util.Map;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.io.IOUtils;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.PDResources;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.common.PDStream;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.font.PDType0Font;
import org.apache.pdfbox.pdmodel.graphics.form.PDFormXObject;
import org.apache.pdfbox.pdmodel.graphics.image.PDImageXObject;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAnnotationWidget;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAppearanceDictionary;
import org.apache.pdfbox.pdmodel.interactive.annotation.PDAppearanceStream;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.PDSignature;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.SignatureInterface;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.SignatureOptions;
import org.apache.pdfbox.pdmodel.interactive.form.PDAcroForm;
import org.apache.pdfbox.pdmodel.interactive.form.PDSignatureField;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSAttributeTableGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSTypedData;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * A peer of the benchmark: signs an existing field with PDFBox 2 and BouncyCastle as their examples do.
 *
 * <p>One command a line on standard input, words apart by tabs; one answer a line:
 *
 * <pre>
 *   identity NAME PKCS12 PASSWORD                   ok
 *   stamp PICTURE FONT LINE...                      ok
 *   sign NAME invisible|visible|kept FIELD IN OUT   ok WALL_NS CPU_NS
 * </pre>
 *
 * The key is loaded once; each signature opens the file anew, as a service does. `visible` draws the stamp for
 * each document, `kept` draws it once for each size of box. A failure answers `failed`, and what it was.
 */
public final class PdfBoxSigner {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final Map<String, Identity> identities = new HashMap<>();
    private final Map<String, byte[]> templates = new HashMap<>();
    private File picture;
    private File font;
    private String[] lines;

    public static void main(String[] arguments) throws IOException {
        PdfBoxSigner signer = new PdfBoxSigner();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(signer.answer(line.split("\t")));
            System.out.flush();
        }
    }

    private String answer(String[] words) {
        try {
            switch (words[0]) {
                case "identity":
                    identities.put(words[1], new Identity(new File(words[2]), words[3].toCharArray()));
                    return "ok";
                case "stamp":
                    picture = new File(words[1]);
                    font = new File(words[2]);
                    lines = Arrays.copyOfRange(words, 3, words.length);
                    return "ok";
                case "sign":
                    return timed(words);
                default:
                    return "failed: no command " + words[0];
            }
        } catch (IOException | GeneralSecurityException | RuntimeException failure) {
            return "failed: " + failure;
        }
    }

    private String timed(String[] words) throws IOException {
        Identity identity = identities.get(words[1]);
        long cpu = THREADS.getCurrentThreadCpuTime();
        long wall = System.nanoTime();
        sign(identity, words[2], words[3], new File(words[4]), new File(words[5]));
        wall = System.nanoTime() - wall;
        return "ok " + wall + " " + (THREADS.getCurrentThreadCpuTime() - cpu);
    }

    private void sign(Identity identity, String shown, String name, File in, File out) throws IOException {
        try (PDDocument document = PDDocument.load(in);
                SignatureOptions options = new SignatureOptions();
                OutputStream target = new FileOutputStream(out)) {
            PDAcroForm form = document.getDocumentCatalog().getAcroForm(null);
            PDSignatureField field = (PDSignatureField) form.getField(name);
            PDSignature signature = new PDSignature();
            field.getCOSObject().setItem(COSName.V, signature);
            signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
            signature.setSubFilter(PDSignature.SUBFILTER_ETSI_CADES_DETACHED);
            signature.setName(identity.name);
            signature.setSignDate(Calendar.getInstance());
            if (!"invisible".equals(shown)) {
                PDAnnotationWidget widget = field.getWidgets().get(0);
                options.setPage(document.getPages().indexOf(widget.getPage()));
                options.setVisualSignature(new ByteArrayInputStream(template(widget, "kept".equals(shown))));
            }
            document.addSignature(signature, identity, options);
            document.saveIncremental(target);
        }
    }

    private byte[] template(PDAnnotationWidget widget, boolean keep) throws IOException {
        PDRectangle place = widget.getRectangle();
        PDRectangle sheet = widget.getPage().getMediaBox();
        if (!keep) {
            return drawn(place, sheet);
        }
        String known = place + " " + sheet;
        if (!templates.containsKey(known)) {
            templates.put(known, drawn(place, sheet));
        }
        return templates.get(known);
    }

    /** A document whose one field carries the appearance, as `SignatureOptions` wants it. */
    private byte[] drawn(PDRectangle place, PDRectangle sheet) throws IOException {
        try (PDDocument made = new PDDocument()) {
            made.addPage(new PDPage(sheet));
            PDAcroForm form = new PDAcroForm(made);
            made.getDocumentCatalog().setAcroForm(form);
            form.setSignaturesExist(true);
            form.setAppendOnly(true);
            form.getCOSObject().setDirect(true);
            PDSignatureField field = new PDSignatureField(form);
            form.getFields().add(field);
            PDAnnotationWidget widget = field.getWidgets().get(0);
            widget.setRectangle(place);
            widget.setAppearance(appearance(made, new PDRectangle(place.getWidth(), place.getHeight())));
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            made.save(bytes);
            return bytes.toByteArray();
        }
    }

    private PDAppearanceDictionary appearance(PDDocument made, PDRectangle box) throws IOException {
        PDFormXObject shape = new PDFormXObject(new PDStream(made));
        shape.setResources(new PDResources());
        shape.setFormType(1);
        shape.setBBox(box);
        PDAppearanceStream stream = new PDAppearanceStream(shape.getCOSObject());
        PDAppearanceDictionary appearance = new PDAppearanceDictionary();
        appearance.getCOSObject().setDirect(true);
        appearance.setNormalAppearance(stream);
        PDFont letters = PDType0Font.load(made, font);
        float size = box.getHeight() / (lines.length + 1);
        try (PDPageContentStream content = new PDPageContentStream(made, stream)) {
            PDImageXObject image = PDImageXObject.createFromFileByExtension(picture, made);
            content.drawImage(image, 0, 0, box.getWidth(), box.getHeight());
            content.beginText();
            content.setFont(letters, Math.min(size, 9));
            content.setLeading(size);
            content.newLineAtOffset(2, box.getHeight() - size);
            for (String line : lines) {
                content.showText(line);
                content.newLine();
            }
            content.endText();
        }
        return appearance;
    }

    /** A key with its chain, loaded once; makes the CMS of PAdES over what PDFBox hands it. */
    private static final class Identity implements SignatureInterface {
        private final PrivateKey key;
        private final Certificate[] chain;
        private final String algorithm;
        private final String name;

        Identity(File container, char[] password) throws IOException, GeneralSecurityException {
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (InputStream in = new FileInputStream(container)) {
                store.load(in, password);
            }
            String alias = store.aliases().nextElement();
            key = (PrivateKey) store.getKey(alias, password);
            chain = store.getCertificateChain(alias);
            algorithm = "EC".equals(key.getAlgorithm()) ? "SHA256withECDSA" : "SHA256withRSA";
            name = ((X509Certificate) chain[0]).getSubjectX500Principal().getName();
        }

        @Override
        public byte[] sign(InputStream content) throws IOException {
            try {
                CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
                ContentSigner signer = new JcaContentSignerBuilder(algorithm).build(key);
                generator.addSignerInfoGenerator(
                        new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
                                .setSignedAttributeGenerator(attributes())
                                .build(signer, (X509Certificate) chain[0]));
                generator.addCertificates(new JcaCertStore(Arrays.asList(chain)));
                return generator.generate(new Streamed(content), false).getEncoded();
            } catch (GeneralSecurityException | CMSException | OperatorCreationException failure) {
                throw new IOException(failure);
            }
        }

        /** Content type, message digest and signing-certificate-v2; no signing time (EN 319 142-1, 6.3). */
        private CMSAttributeTableGenerator attributes() throws GeneralSecurityException {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
            SigningCertificateV2 value = new SigningCertificateV2(new ESSCertIDv2(digest));
            DefaultSignedAttributeTableGenerator usual = new DefaultSignedAttributeTableGenerator();
            return parameters -> {
                AttributeTable table = usual.getAttributes(parameters).remove(CMSAttributes.signingTime);
                return table.add(PKCSObjectIdentifiers.id_aa_signingCertificateV2, value);
            };
        }
    }

    /** What is signed, read once from PDFBox's stream. */
    private static final class Streamed implements CMSTypedData {
        private final InputStream in;

        Streamed(InputStream in) {
            this.in = in;
        }

        @Override
        public ASN1ObjectIdentifier getContentType() {
            return CMSObjectIdentifiers.data;
        }

        @Override
        public Object getContent() {
            return in;
        }

        @Override
        public void write(OutputStream out) throws IOException {
            IOUtils.copy(in, out);
        }
    }
}
