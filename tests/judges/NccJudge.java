// The Java classes that Yonyou's own OpenAPI tool is made of, on values given on the command line:
//   public key, text to sign, body, key of the body, PKCS #8 private key, encrypted secret, packed body
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

public class NccJudge {
    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String aes(byte[] content, String key) throws Exception {
        Cipher cipher = Cipher.getInstance("AES/CTR/NoPadding");
        byte[] counter = bytes(key.substring(0, 16));
        SecretKeySpec secret = new SecretKeySpec(Base64.getDecoder().decode(key), "AES");
        cipher.init(Cipher.ENCRYPT_MODE, secret, new IvParameterSpec(counter));
        return Base64.getEncoder().encodeToString(cipher.doFinal(content));
    }

    static String packed(byte[] content) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return Base64.getEncoder().encodeToString(out.toByteArray());
    }

    static String unpacked(String text) throws Exception {
        byte[] content = Base64.getDecoder().decode(text);
        return new String(new GZIPInputStream(new ByteArrayInputStream(content)).readAllBytes(), StandardCharsets.UTF_8);
    }

    public static void main(String[] given) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        SecureRandom random = SecureRandom.getInstance("SHA1PRNG");
        random.setSeed(bytes(given[0]));
        byte[] salt = new byte[16];
        random.nextBytes(salt);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        StringBuilder hex = new StringBuilder();
        for (byte one : digest.digest(bytes(given[1] + Base64.getEncoder().encodeToString(salt)))) {
            hex.append(String.format("%02x", one));
        }
        out.println(hex);
        out.println(aes(bytes(given[2]), given[3]));
        out.println(aes(bytes(packed(bytes(given[2]))), given[3]));
        out.println(packed(bytes(aes(bytes(given[2]), given[3]))));
        out.println(packed(bytes(given[2])));
        PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(given[4])));
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPWithSHA-256AndMGF1Padding");
        cipher.init(Cipher.DECRYPT_MODE, key, new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
        out.println(new String(cipher.doFinal(Base64.getDecoder().decode(given[5])), StandardCharsets.UTF_8));
        out.println(unpacked(given[6]));
    }
}
